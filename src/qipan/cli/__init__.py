"""The `qipan` program: one file a subcommand."""
