"""Portrait editing: coefficients, networks, and everything that turns inputs into motion and pictures."""

from models.runtime import prepare_libraries

prepare_libraries()  # first of all: see there
