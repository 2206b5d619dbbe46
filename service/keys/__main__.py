"""`python -m service.keys`: make, change and end the keys of tenants, while the service runs."""

import sys

from service.keys.command import main

if __name__ == "__main__":
    sys.exit(main())
