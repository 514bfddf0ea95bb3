"""Serve one of OpenStack's WSGI applications: ``serve.py MODULE HOST PORT THREADS [ARGUMENT…]``.

Runs in the cloud's own environment. Plain threads of waitress do what these applications need, chunked uploads
included, and end at once when told to.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys

import waitress


def main() -> None:
    """Load the application and serve it until told to stop."""
    fresh = os.environ["TMPDIR"]
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh, mode=0o700)  # noqa: PTH103 - before anything slow is imported
    module, host, port, threads = sys.argv[1:5]
    sys.argv = [module, *sys.argv[5:]]  # the applications read the arguments themselves
    application = importlib.import_module(module).application
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    waitress.serve(
        application,
        host=host,
        port=int(port),
        threads=int(threads),
        ident=None,
        max_request_body_size=1 << 40,
        channel_timeout=300,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    os._exit(0)  # not waiting for the applications' own threads


if __name__ == "__main__":
    main()
