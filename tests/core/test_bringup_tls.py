"""A token goes to our own server only: to the one that shows our certificate."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.bringup import Platform
from core.settings import load


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "irisplane.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, private


@contextmanager
def _served(certificate: tuple[Path, Path]) -> Iterator[tuple[int, list[str | None]]]:
    """Serve on a free port under a certificate; gives the port and what was said in ``Authorization``."""
    heard: list[str | None] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who hangs up is no news
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], heard
        server.shutdown()
        thread.join()


def test_a_token_is_told_to_our_own_certificate_only(tmp_path: Path) -> None:
    ours, strangers = _certificate(tmp_path, "ours"), _certificate(tmp_path, "strangers")

    def platform(port: int) -> Platform:
        given = {
            "IRISPLANE_INSTANCE": "test",
            "IRISPLANE_STATE_DIR": str(tmp_path),
            "IRISPLANE_LISTEN": f"127.0.0.1:{port}",
        }
        settings = load({**given, "IRISPLANE_TLS_CERT": str(ours[0]), "IRISPLANE_TLS_KEY": str(ours[1])})
        return Platform(settings, create_user=True)

    with _served(ours) as (port, heard):
        assert platform(port).ask_api("/api/v1/status", token="word") == (200, {})
        assert heard == ["Bearer word"]
    with _served(strangers) as (port, heard):
        assert platform(port).ask_api("/api/v1/health") == (200, {})
        with pytest.raises(OSError, match="certificate"):
            platform(port).ask_api("/api/v1/status", token="word")
        assert heard == [None]
