"""Registers of others, delivered as files: read whatever they look like, mapped to our fields, handed to the kernel."""
