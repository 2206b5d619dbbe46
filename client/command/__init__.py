"""The command `portrait`."""
