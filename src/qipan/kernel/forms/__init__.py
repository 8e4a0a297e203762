"""Declared forms and checklists: fields, conditions, answers."""
