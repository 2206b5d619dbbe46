"""The stages of the renderer's training and their losses."""
