"""uvicorn, ending long answers first when the process is to stop."""

import socket

import uvicorn

from service.app import create_app
from service.exposure import check_exposure
from service.live.messages import MAX_MESSAGE_BYTES
from service.settings import ApiSettings
from service.timed_protocol import timed_protocol
from workers.contract.blobs import open_file_system


class Server(uvicorn.Server):
    """Serves the API as the settings say.

    Raises:
        OpenToStrangersError: they say so by accident.
        MissingPackageError: they need a package that is not installed.
    """

    def __init__(self, settings: ApiSettings) -> None:
        check_exposure(settings)
        open_file_system(settings.storage_url)  # here, where what is missing is one sentence
        super().__init__(
            uvicorn.Config(
                create_app(settings),
                host=settings.host,
                port=settings.port,
                http=timed_protocol(settings),
                ws="websockets-sansio",
                ws_max_size=MAX_MESSAGE_BYTES,
                ws_per_message_deflate=False,  # pictures are compressed already
                # uvicorn's own default believes whoever calls from this machine.
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                log_config=None,  # ours is configured already
                access_log=False,  # AccessMiddleware writes it
                server_header=False,
                timeout_graceful_shutdown=settings.shutdown_s,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell event streams and waiting requests to end, then shut down as uvicorn does: by waiting for them."""
        self.lifespan.state["backend"].events.stop()
        await super().shutdown(sockets)
