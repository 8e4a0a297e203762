"""Coded items with versions; dictionaries of materials and data elements."""
