"""Calls back to clients: allowed hosts only, signed, tried again until they arrive."""
