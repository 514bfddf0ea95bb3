"""Answers that go out compressed where the caller takes that: files, and long lists that hold nobody's secret.

Pages are never compressed: they hold a form's token beside what people typed, and the length of a compressed answer
tells about the one to who chooses the other.
"""

from __future__ import annotations

import gzip

from fastapi import Request
from fastapi.responses import Response

__all__ = ["compressed", "takes_gzip"]

_WORTH_IT = 2_000
_QUICK = 3
_NEVER = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` names gzip, and not to refuse it."""
    for one in accepted.split(","):
        name, _, quality = one.partition(";")
        if name.strip().lower() in {"gzip", "*"}:
            return quality.replace(" ", "") not in _NEVER
    return False


def compressed(request: Request, answer: Response) -> Response:
    """The same answer, packed where the caller takes that and it is worth it."""
    answer.headers["Vary"] = "Accept-Encoding"
    if len(answer.body) >= _WORTH_IT and takes_gzip(request.headers.get("accept-encoding", "")):
        answer.body = gzip.compress(answer.body, _QUICK, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Content-Length"] = str(len(answer.body))
    return answer
