"""Transport only: one folder for each outside system, registered by name."""
