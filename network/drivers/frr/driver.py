"""FRRouting behind the ``ConfigDriver`` protocol: candidate, timed commit, confirm, rollback over SSH.

The router is told as little as possible: the guard on it compares the candidate with what runs, types only the lines
that differ, in one go, and reads back whether the router is now exactly the candidate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from network.diff import difference
from network.drivers.frr.delta import understood
from network.drivers.frr.guard import Guard
from network.drivers.frr.merge import merge
from network.drivers.frr.observing import observe
from network.drivers.frr.transport import Session
from network.drivers.frr.tree import dump
from network.drivers.protocol import Candidate, Facts, Mark, MarkStatus, Prepared, Target
from network.errors import CandidateTooLarge, DeviceMisbehaves, SyntaxRefused
from network.expectations import Observations
from network.redact import redact
from network.render.normalise import normalise

__all__ = ["FRRConfigDriver"]

_LONGEST_APPLY: Final = 300.0  # a commit may fall back to FRR's own reloader, and then has to be taken back
_LARGEST_CANDIDATE: Final = 2 * 1024 * 1024  # bytes; a full route server's configuration has a tenth of that
_SLOWEST_LINE: Final = 0.05  # seconds; FRR 8.4 takes that long for each of a thousand new entries of one list
_SECRETS_ONLY: Final = "~ only secrets differ"
_ACCEPTED_AT_MOST: Final = 256
# (FRR version, hash of a candidate) that a router's own syntax check took, in this process.
_ACCEPTED: Final[dict[tuple[str, bytes], None]] = {}
_ACCEPTING: Final = Lock()
_ASKED_OF: Final = (
    (r"show (?:ip|ipv6)? ?bgp|show bgp", "bgpd"),
    (r"show ip ospf", "ospfd"),
    (r"show ipv6 ospf6", "ospf6d"),
    (r"show bfd", "bfdd"),
)


class FRRConfigDriver:
    """One FRRouting router."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._session = Session(target)
        self._guard = Guard(self._session)
        self._commands = 0  # how many lines the commit to come will type

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ----------------------------------------------------------------------------------------------------- connection
    def open(self) -> None:
        """See :meth:`ConfigDriver.open`."""
        if not self._session.alive:
            self._guard = Guard(self._session)
        self._session.open()

    def close(self) -> None:
        """See :meth:`ConfigDriver.close`."""
        self._guard.close()
        self._session.close()

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return self._session.alive

    # -------------------------------------------------------------------------------------------------------- reading
    def facts(self) -> Facts:
        """See :meth:`ConfigDriver.facts`."""
        version, interfaces, age, machine = self.ask(
            ("zebra", "show version"), ("zebra", "show interface json"), ("zebra-age", ""), ("machine-id", "")
        )
        found = re.search(r"FRRouting (\S+) \((\S+?)\)", version)
        if found is None:
            raise DeviceMisbehaves(f"{self.target.name} does not say its version.", device=self.target.name)
        return Facts(
            hostname=found[2],
            vendor="FRRouting",
            model="FRR on Linux",
            os_version=found[1],
            serial_number=machine.strip(),
            uptime=float(age.strip() or -1),
            interfaces=tuple(sorted(json.loads(interfaces or "{}"))),
        )

    def running(self) -> str:
        """See :meth:`ConfigDriver.running`."""
        return normalise(self._guard.ask("running", text=True)["text"], "frr")

    def fingerprint(self) -> str:
        """See :meth:`ConfigDriver.fingerprint`."""
        return str(self._guard.ask("running")["fingerprint"])

    def snapshot(self) -> tuple[str, str]:
        """:meth:`running` and :meth:`fingerprint` in one answer, so of one moment."""
        answer = self._guard.ask("running", text=True)
        return normalise(answer["text"], "frr"), str(answer["fingerprint"])

    def ask(self, *questions: tuple[str, str]) -> list[str]:
        """Answers of daemons to ``show`` commands, all in one round; an absent daemon answers with nothing."""
        answers: list[str] = self._guard.ask("show", ask=questions)["answers"]
        return answers

    def show(self, *commands: str) -> list[str]:
        """Answers to ``show`` commands, all in one round, each asked of the daemon that knows."""
        return self.ask(*((_daemon_of(command), command) for command in commands))

    def show_json(self, *commands: str) -> list[Any]:
        """As :meth:`show`, for commands that end in ``json``; an absent daemon answers with ``{}``."""
        return [json.loads(answer or "{}") for answer in self.show(*commands)]

    def observe(self) -> Observations:
        """Adjacencies, sessions, routes and interfaces as they are now."""
        return observe(self)

    def package(self) -> str:
        """The Debian version of FRR that is installed; empty when it did not come as a package."""
        return self.ask(("package", ""))[0].strip()

    def ping(self, target: str, *, patience: float = 1.0) -> bool:
        """Whether an address answers a ping from the router; three tries of ``patience`` seconds."""
        return bool(self.pings([target], patience=patience))

    def pings(self, targets: Sequence[str], *, patience: float = 1.0, table: str = "") -> tuple[str, ...]:
        """Those of these addresses that answer a ping from the router, all asked at once; ``table``: from a VRF."""
        return tuple(self._guard.ask("ping", targets=list(targets), wait=patience, namespace=table)["answering"])

    @property
    def software(self) -> str:
        """Which FRR runs there, as far as it was told yet: what its grammar depends on."""
        return self._guard.software

    def check(self, lines: str) -> None:
        """See :meth:`SyntaxChecking.check`."""
        digest = sha256(lines.encode()).digest()
        if self._guard.software and (self._guard.software, digest) in _ACCEPTED:
            return
        refused = self._guard.ask("check", text=lines)["refused"]
        if refused:
            raise self._refused_line(SyntaxRefused("refused", line=refused[0]), lines)
        _accepted(self._guard.software, digest)

    # ------------------------------------------------------------------------------------------------------- altering
    def prepare(self, candidate: Candidate, mark: Mark, *, base: str | None = None) -> Prepared:
        """See :meth:`ConfigDriver.prepare`."""
        size = len(candidate.text.encode())
        if size > _LARGEST_CANDIDATE:
            raise CandidateTooLarge(
                f"The candidate for {self.target.name} has {size} bytes.", size=size, limit=_LARGEST_CANDIDATE
            )
        text, digest = candidate.text, sha256(candidate.text.encode()).digest()
        if candidate.mode == "merge":
            now = self._guard.ask("running", text=True)
            base = base or now["fingerprint"]
            text = merge(now["text"], candidate.text).text
        # FRR's grammar is the version's: lines that one router took need no second look by its sisters.
        known = self._guard.software and (self._guard.software, digest) in _ACCEPTED
        check = "" if known else candidate.text
        try:
            answer = self._guard.ask("prepare", **_marked(mark), text=text, check=check, base=base)
        except SyntaxRefused as error:
            raise self._refused_line(error, candidate.text) from None
        _accepted(self._guard.software, digest)
        self._commands = answer["commands"]
        before, after = normalise(answer["running"], "frr"), normalise(dump(understood(text)), "frr")
        diff = difference(redact(before, "frr"), redact(after, "frr"), "frr")
        if not diff and answer["base"] != answer["wanted"]:
            diff = _SECRETS_ONLY
        return Prepared(
            diff=diff if answer["base"] != answer["wanted"] else "",
            reverse=before,
            base=answer["base"],
            wanted=answer["wanted"],
            commands=answer["commands"],
        )

    def commit(self, mark: Mark, revert_in: int) -> MarkStatus:
        """See :meth:`ConfigDriver.commit`."""
        if not 1 <= revert_in <= 3600:
            raise ValueError(f"revert_in is 1 to 3600 seconds, not {revert_in}")
        patience = self.target.timeouts.command + self._commands * _SLOWEST_LINE
        return _status(self._guard.ask("commit", **_marked(mark), revert_in=revert_in, patience=patience))

    def status(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.status`."""
        return _status(self._guard.ask("status", **_marked(mark)))

    def confirm(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.confirm`."""
        return _status(self._guard.ask("confirm", **_marked(mark)))

    def rollback(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.rollback`."""
        return _status(self._guard.ask("rollback", **_marked(mark), patience=_LONGEST_APPLY))

    def _refused_line(self, error: SyntaxRefused, text: str) -> SyntaxRefused:
        """The refusal with the line as it was written, secrets out; not with the router's words, which repeat them."""
        number = error.fields.get("line")
        lines = text.splitlines()
        shown = redact(lines[number - 1], "frr").strip() if isinstance(number, int) and 0 < number <= len(lines) else ""
        # A line with a mistake in it may not be known to the grammar: what follows a telling word goes too.
        shown = re.sub(r"(?i)(\S*(?:passw|secret|key|md5|communit)\S*\s).+", r"\1…", shown)
        where = f"line {number} of the candidate: {shown}" if shown else "the candidate"
        return SyntaxRefused(f"{self.target.name} refuses {where}", device=self.target.name, line=number, text=shown)


def _accepted(software: str, digest: bytes) -> None:
    """Remember what a router of this version took."""
    with _ACCEPTING:
        _ACCEPTED[software, digest] = None
        while len(_ACCEPTED) > _ACCEPTED_AT_MOST:
            del _ACCEPTED[next(iter(_ACCEPTED))]


def _daemon_of(command: str) -> str:
    return next((daemon for pattern, daemon in _ASKED_OF if re.match(pattern, command)), "zebra")


def _marked(mark: Mark) -> dict[str, Any]:
    return {"change": mark.change_id, "step": mark.step_id, "epoch": mark.epoch}


def _status(answer: dict[str, Any]) -> MarkStatus:
    return MarkStatus(
        state=answer["state"],
        remaining=answer.get("remaining"),
        reason=str(answer.get("reason", "")),
        epoch=int(answer["epoch"]),
    )
