"""Training: data, losses, loops and export. Nothing outside this package imports it."""
