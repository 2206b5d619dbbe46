"""Checkpoints of other projects, made into bundles."""
