"""Resumable uploads (tus 1.0) and the opening of files."""
