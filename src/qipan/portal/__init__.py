"""Composition: addresses, menus, home pages of public, staff and phone."""
