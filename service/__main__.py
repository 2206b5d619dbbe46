"""`python -m service`: the API, served by uvicorn. Settings come from the environment (prefix PORTRAIT_)."""

import argparse
import contextlib
import sys

from service.errors import OpenToStrangersError
from service.server import Server
from service.settings import ApiSettings
from workers.contract.errors import MissingPackageError
from workers.contract.logs import configure_logging
from workers.contract.tracing import configure_tracing


def main() -> None:
    """Serve until SIGINT or SIGTERM; exits with a sentence where the settings do not allow a start."""
    argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the API until SIGINT or SIGTERM. It needs a Redis, and workers beside it.",
        epilog="It takes no arguments. docs/settings.md lists its settings, PORTRAIT_… variables of the environment.",
    ).parse_args()
    settings = ApiSettings()
    configure_logging(settings.log_level)
    try:
        configure_tracing("portrait-api")
        server = Server(settings)
    except (MissingPackageError, OpenToStrangersError) as error:
        sys.exit(str(error))
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has shut down
        server.run()


if __name__ == "__main__":
    main()
