"""The driver's end of the guard: put it on the router when it is not there, and speak to it.

The guard is addressed by its content: a new version is a new folder, so that two versions of Irisplane can speak to one
router, each with its own. What both alter (memory, lock) keeps its form.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from functools import cache
from importlib.resources import files
from typing import Any, Final

from network.drivers.frr.transport import Lines, Session
from network.errors import (
    AlreadyConfirmed,
    BaseMoved,
    CommitRolledBack,
    ConfirmRefused,
    DeviceBusy,
    DeviceMisbehaves,
    DeviceStuck,
    FencedOut,
    NetworkError,
    NotPrepared,
    SyntaxRefused,
)
from network.redact import redact

__all__ = ["Guard"]

_FOLDER: Final = "/etc/frr/irisplane"
_PARTS: Final = ("tree.py", "single.py", "delta.py", "halves.py")
_ON_ROUTER: Final = ("__init__.py", "drive.py", "guard.py", "linux.py", "memory.py", "reach.py", "vty.py")
_ABSENT: Final = 66  # what the starting command ends with when this version is not there
_LONGEST_APPLY: Final = 150.0

_SAYS: Final[dict[str, tuple[type[NetworkError], str]]] = {
    "syntax": (SyntaxRefused, "{device} refuses line {line} of the candidate: {message}."),
    "fenced": (FencedOut, "{device} refuses: {message}."),
    "busy": (DeviceBusy, "{device} is busy: {message}."),
    "moved": (BaseMoved, "{device} runs another configuration than the plan was made for."),
    "unprepared": (NotPrepared, "{device}: {message}."),
    "inexact": (CommitRolledBack, "{device} did not take the candidate as written, and was put back: {lines}."),
    "stuck": (DeviceStuck, "{device} could not be put back exactly: {lines}."),
    "late": (ConfirmRefused, "{device}: {message}."),
    "confirmed": (AlreadyConfirmed, "{device}: {message}."),
}


@cache
def _package() -> tuple[str, bytes]:
    """The guard as a tar archive, and the address of its content."""
    room = files("network.drivers.frr")
    sources = {f"network/drivers/frr/{name}": room.joinpath(name).read_bytes() for name in _PARTS}
    sources |= {
        f"network/drivers/frr/onrouter/{name}": room.joinpath("onrouter", name).read_bytes() for name in _ON_ROUTER
    }
    sources |= {f"{package}/__init__.py": b"" for package in ("network", "network/drivers", "network/drivers/frr")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in sorted(sources.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o640
            archive.addfile(entry, io.BytesIO(content))
    data = packed.getvalue()
    return hashlib.sha256(data).hexdigest()[:16], data


def _start() -> str:
    folder = f"{_FOLDER}/guard-{_package()[0]}"
    program = f"import sys; sys.path.insert(0, {folder!r}); from network.drivers.frr.onrouter.guard import main; main()"
    return f'[ -d {folder} ] || exit {_ABSENT}; exec /usr/bin/python3 -E -s -S -c "{program}"'


def _install() -> str:
    folder = f"{_FOLDER}/guard-{_package()[0]}"
    return (
        f"set -e; umask 027; mkdir -p {_FOLDER}; draft=$(mktemp -d {_FOLDER}/.guard.XXXXXX);"
        f' tar -xf - -C "$draft"; chmod 750 "$draft"; mv -T "$draft" {folder} 2>/dev/null || rm -rf "$draft";'
        f" test -d {folder}"
    )


def _shown(line: str) -> str:
    """A line with its contexts, without secrets."""
    path = line.split(" / ")
    text = "\n".join(" " * depth + part for depth, part in enumerate(path))
    return " / ".join(part.strip() for part in redact(text, "frr").splitlines())


class Guard:
    """A session with the guard of one router."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lines: Lines | None = None

    @property
    def software(self) -> str:
        """Which FRR the router runs; empty before the first command, or when FRR is down."""
        return self._lines.greeting if self._lines is not None else ""

    def ask(self, op: str, *, patience: float | None = None, **values: Any) -> dict[str, Any]:
        """Give a command, wait for its answer.

        Raises:
            NetworkError: the guard's refusal, as the error of that meaning.
            DeviceHangs, SessionLost, DeviceMisbehaves
        """
        limit = patience if patience is not None else self._session.target.timeouts.command
        line = json.dumps({"op": op, **values}).encode()
        lines = self._lines or self._begin(op)
        raw = lines.ask(line, op, limit)
        try:
            answer: dict[str, Any] = json.loads(raw)
        except ValueError as error:
            raise DeviceMisbehaves(f"{self._session.target.name}: the guard's answer is no JSON.", stage=op) from error
        if not answer["ok"]:
            raise self._refusal(answer, op)
        return answer

    def _begin(self, op: str) -> Lines:
        """Start the guard, after putting it on the router when this version of it is not there yet."""
        for _ in range(2):
            lines = self._session.lines(_start(), op)
            if lines.started(_ABSENT, op):
                self._lines = lines
                return lines
            self._put_in_place()
        raise DeviceMisbehaves(f"The guard does not stay on {self._session.target.name}.", stage=op)

    def _put_in_place(self) -> None:
        code, _, complaint = self._session.run(_install(), _package()[1], "install guard")
        if code:
            said = complaint.decode("utf-8", "replace").strip()
            raise DeviceMisbehaves(
                f"The guard cannot be installed on {self._session.target.name}: {said}.",
                hint="The account needs bash, python3, tar, and membership of the groups frr and frrvty.",
                device=self._session.target.name,
            )

    def _refusal(self, answer: dict[str, Any], op: str) -> NetworkError:
        device = self._session.target.name
        fields: dict[str, Any] = dict(answer.get("fields", {}))
        for kind_of_lines in ("missing", "unexpected"):
            if kind_of_lines in fields:
                fields[kind_of_lines] = [_shown(line) for line in fields[kind_of_lines]]
        message = str(answer.get("message", "")).rstrip(".")
        kind, sentence = _SAYS.get(
            answer["error"], (DeviceMisbehaves, "{device}: the guard could not obey: {message}.")
        )
        lines = "; ".join([f"missing '{x}'" for x in fields.get("missing", [])[:5]]
                          + [f"unexpected '{x}'" for x in fields.get("unexpected", [])[:5]])  # fmt: skip
        text = sentence.format(device=device, message=message, line=fields.get("line", "?"), lines=lines)
        return kind(text, device=device, stage=op, **fields)

    def close(self) -> None:
        """Let the guard go; what is pending on the router stays pending."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None
