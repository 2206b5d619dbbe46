"""Training: data, losses, loops and export. Nothing outside this package imports it."""

from models.runtime import prepare_libraries

prepare_libraries()  # before the modules of this package load any of them
