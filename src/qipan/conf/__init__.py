"""Settings, the environment reader and the embedded PostgreSQL."""
