"""`python -m service`: the API, served by uvicorn. Settings come from the environment (prefix PORTRAIT_)."""

import contextlib

from service.logs import configure_logging
from service.server import Server
from service.settings import ApiSettings


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    settings = ApiSettings()
    configure_logging(settings.log_level)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has shut down
        Server(settings).run()


if __name__ == "__main__":
    main()
