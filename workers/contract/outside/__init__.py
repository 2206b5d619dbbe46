"""Hosts that are not ours: which may be reached, at which addresses, and in how much time."""
