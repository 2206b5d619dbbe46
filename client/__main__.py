"""`python -m client`: the command `portrait` where it is not installed."""

import sys

from client.command.main import main

sys.exit(main())
