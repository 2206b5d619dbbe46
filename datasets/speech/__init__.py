"""Recorded and synthetic speech with mouth motion."""
