"""The worker's figures for Prometheus, on loopback."""

from __future__ import annotations

import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.db import Database
from core.telemetry import CONTENT_TYPE, metrics_text

__all__ = ["serve_metrics"]

_LOG = logging.getLogger(__name__)


def serve_metrics(port: int, database: Database) -> None:
    """Answer ``GET /metrics`` in a thread. A port that is taken is no reason not to work: a worker beside us has it."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = metrics_text(database)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Scrapes are not worth a line."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    except OSError as error:
        _LOG.warning("no metrics on port %d: %s", port, error.strerror)
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
