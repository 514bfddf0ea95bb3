"""A command at a terminal: what a person sees, and what is answered when it asks."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.instance import ROOT

__all__ = ["typed"]

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def typed(
    words: Sequence[str], environment: Mapping[str, str], answers: Mapping[str, str], *, seconds: float = 180
) -> tuple[int, str]:
    """Type a command; gives its exit code and everything that was to be seen.

    Args:
        answers: what is typed once a text is to be seen, each once.
    """
    command = str(Path(sys.executable).parent / "irisplane")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [command, *words], env={**environment, "TERM": "xterm", "COLUMNS": "160"}, cwd=ROOT,
        stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    waiting, seen, end = dict(answers), "", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([ours], [], [], 0.2)
            if ready:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the other end is closed: the command is over
                    break
                if not piece:
                    break
                seen += _ESCAPES.sub("", piece.decode(errors="replace"))
            for text in [text for text in waiting if text in seen][:1]:
                os.write(ours, waiting.pop(text).encode() + b"\n")
        code = process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert not waiting, f"never asked {list(waiting)}:\n{seen}"
    return code, seen
