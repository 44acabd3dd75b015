"""The one error that is meant for a person to read."""


class UserError(ValueError):
    """One sentence: what was wrong, what was expected, what to do. The command line prints it and exits with 2."""
