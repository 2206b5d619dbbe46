"""Why the embedded stack cannot run."""


class StackError(Exception):
    """A process that the stack cannot live without ended."""


class RedisMissingError(StackError):
    """No redis-server program can be found."""
