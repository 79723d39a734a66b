"""The root of every error that the project raises on purpose."""


class ParisTraceError(Exception):
    """A failure that a user can understand: `str(error)` is one line that says what to do."""
