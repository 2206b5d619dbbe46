"""What is wrong with a command line, beyond what argparse sees."""

from client.errors import PortraitError


class CommandError(PortraitError):
    """The message says what to write instead, or what to install."""
