"""The pages of themes: the hall and the guides for everybody, the application, the officials' table."""
