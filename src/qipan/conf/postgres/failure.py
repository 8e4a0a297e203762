"""What goes wrong with the embedded database, told to people."""


class DatabaseFailure(Exception):
    """The message says what is wrong and what to do; it is shown as it stands."""
