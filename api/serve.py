"""Serve the API: ``python -m api.serve``. One process; more of them share a port behind a proxy, or a machine each."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading

from core.errors import Misconfigured

__all__ = ["main"]


def main() -> int:
    """Serve until told to stop. A wrong setting ends it with a sentence and status 2."""
    import uvicorn

    from api.app import create_app
    from api.events import stop_announcements
    from core.connect import database
    from core.settings import get_settings
    from core.telemetry import configure_logs

    try:
        settings = get_settings()
    except Misconfigured as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 2
    configure_logs(settings)
    # A server of somebody else's may let a transaction stand idle for ever; the longest of ours waits for devices.
    app = create_app(database(settings, pool_size=8, idle_seconds=300), settings)

    class Server(uvicorn.Server):
        """Ends event streams first: they would hold the stop up until its patience is over."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.to_thread(stop_announcements, app)
            await super().shutdown(sockets)

    # Loading the kinds (drivers and all) takes a second or two: now, beside the start, not in somebody's first request.
    threading.Thread(target=_load_kinds, name="load-kinds", daemon=True).start()
    server = Server(
        uvicorn.Config(
            app,
            host=settings.listen_host,
            port=settings.listen_port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
    )
    server.run()
    return 0 if server.started else 1


def _load_kinds() -> None:
    from core.errors import IrisplaneError
    from core.logs import get_logger
    from orchestrator import registry

    try:
        registry.installed().kinds()
    except (ImportError, IrisplaneError) as error:
        get_logger("irisplane.api").error("a kind of change cannot be loaded", exc_info=error)


if __name__ == "__main__":
    sys.exit(main())
