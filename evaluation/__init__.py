"""How well a bundle does what is requested, as tables and pictures: `python -m evaluation`."""

from models.runtime import prepare_libraries

prepare_libraries()  # before the modules of this package load any of them
