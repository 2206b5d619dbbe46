"""Why the embedded stack cannot run."""


class StackError(Exception):
    """Root of these errors."""


class ProcessEndedError(StackError):
    """A process that the stack cannot live without ended."""


class SetupFailedError(StackError):
    """The worker cannot load its models, which no restart will change."""


class RedisMissingError(StackError):
    """No redis-server program can be found."""


class PortTakenError(StackError):
    """The API cannot listen where it should."""


class DataDirInUseError(StackError):
    """Another stack uses the data folder."""
