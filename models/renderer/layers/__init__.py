"""Layers that the face model draws at the output's resolution: skin, mouth, eyes."""
