"""Files that pages load: kept for good by browsers, compressed once."""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.compressed import takes_gzip

__all__ = ["WebFiles"]

_KEEP: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",  # a module of another type is refused by browsers
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What is text here, and said so whatever the machine's own list of types holds."""


class WebFiles(StaticFiles):
    """Everything in ``dashboards/static``.

    Browsers may keep a file for good when its address holds what is in it (``?v=``). Nothing in these files is
    anybody's secret, so they are compressed; pages, which hold a form's token beside what people typed, are not.
    """

    def __init__(self) -> None:
        super().__init__(directory=str(files("dashboards") / "static"))

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, packed where the browser takes that."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        kind = _TYPES.get(Path(full_path).suffix)
        if kind is not None and answer.status_code == 200:
            answer.headers["Content-Type"] = kind
            answer.headers["Vary"] = "Accept-Encoding"
            if takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
                headers = {key: value for key, value in answer.headers.items() if key not in _OF_THE_PLAIN_ONE}
                answer = Response(_packed(str(full_path), stat_result.st_mtime_ns), headers=headers)
                answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Cache-Control"] = _KEEP if b"v=" in scope["query_string"] else "no-cache"
        return answer


_OF_THE_PLAIN_ONE: Final = frozenset({"content-length", "etag", "accept-ranges"})


@lru_cache(maxsize=64)
def _packed(path: str, _written: int) -> bytes:
    """A file's content, compressed: done once for each content."""
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)
