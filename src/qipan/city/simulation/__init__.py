"""The city lives: applicants and officers at work over HTTP, through the same pages as people.

Nothing here knows the database, Django or the rooms: only pages, forms and the demo's passwords.
"""
