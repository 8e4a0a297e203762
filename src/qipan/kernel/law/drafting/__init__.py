"""Catalogue rows drafted in the product: changed by one person, tried on what is recorded, released by another."""
