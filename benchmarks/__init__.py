"""How fast it is: each module is a command that starts the service it measures, and names a baseline."""

from models.runtime import prepare_libraries

prepare_libraries()  # before the modules of this package load any of them
