"""The organisation tree, posts, staff, roles, and data scope by organisation path."""
