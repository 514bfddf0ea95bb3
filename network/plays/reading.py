"""Reads the events of a play, in its own process: what stands in them beyond this leaves it without secrets only."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from core.masking import mask
from network.plays.results import ACCOUNT_FILES, Alteration, HostResult, Status

__all__ = ["Ears"]

_IN_FILES: Final = frozenset({"template", "copy", "file", "lineinfile", "blockinfile", "replace", "assemble"})
_ACCOUNTS: Final = frozenset({"user", "group"})
_LONGEST: Final = 400
_SHOWN: Final = ("mode", "owner", "group", "state", "src")
"""What of a file beside its content is told when it changes."""


@dataclass
class _OneHost:
    status: Status = "not for it"
    alterations: list[Alteration] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    task: str = ""
    why: str = ""


class Ears:
    """Listens to a play.

    Args:
        names: the hosts of its inventory.
    """

    def __init__(self, names: list[str]) -> None:
        self._hosts = {name: _OneHost() for name in names}
        self._handlers: set[str] = set()
        self.trouble = ""
        """What Ansible said that concerns no host: a playbook that it cannot read."""

    def hear(self, event: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """Take what matters from one event: host, task, and ``changed``, ``failed`` or ``unreachable`` if it tells."""
        data = event.get("event_data") or {}
        host = self._hosts.get(str(data.get("host", "")))
        kind = str(event.get("event"))
        if kind == "verbose" and "ERROR" in str(event.get("stdout")) and not self.trouble:
            self.trouble = _line(str(event["stdout"]))
        if kind == "playbook_on_handler_task_start":
            self._handlers.add(str(data.get("task_uuid")))
        if host is None:
            return None
        task, result = _line(str(data.get("task", ""))), data.get("res") or {}
        match kind:
            case "runner_on_ok":
                host.status = "ok" if host.status == "not for it" else host.status
                if result.get("changed") and str(data.get("task_uuid")) not in self._handlers:
                    host.alterations += _alterations(task, str(data.get("task_action", "")), result)
                    return str(data["host"]), task, "changed"
            case "runner_on_skipped":
                host.status = "ok" if host.status == "not for it" else host.status
            case "playbook_on_notify":
                handler = str(data.get("handler", "")).partition(" : ")[2] or str(data.get("handler", ""))
                if handler not in host.handlers:
                    host.handlers.append(handler)
            case "runner_on_failed" if not data.get("ignore_errors"):
                host.status, host.task, host.why = "failed", task, _words(result)
                return str(data["host"]), task, "failed"
            case "runner_on_unreachable":
                host.status, host.task, host.why = "unreachable", task, _words(result)
                return str(data["host"]), task, "unreachable"
        return None

    def told(self) -> Iterator[dict[str, Any]]:
        """What came of each host, as it goes over the wire."""
        for name, one in self._hosts.items():
            yield asdict(
                HostResult(name, one.status, tuple(one.alterations), tuple(one.handlers), mask(one.task), mask(one.why))
            )


def _alterations(task: str, action: str, result: Mapping[str, Any]) -> Iterator[Alteration]:
    """What a task altered, item by item."""
    short = action.rpartition(".")[2]
    for one in result.get("results") or [result]:
        if not one.get("changed"):
            continue
        if short in _ACCOUNTS:
            given = (one.get("invocation") or {}).get("module_args") or {}
            name = mask(str(one.get("name") or given.get("name") or ""))
            state = one.get("state") or given.get("state") or "present"
            yield Alteration(task, ACCOUNT_FILES, _note(f"{short} {name}: {state}", task))
            continue
        path = _path(one) if short in _IN_FILES else ""
        paths = (path,) if path else ()
        if "censored" in one or one.get("_ansible_no_log"):
            yield Alteration(task, paths, _note("withheld (no_log)", task))
            continue
        diffs = one.get("diff") or []
        told = "".join(_shown(each) for each in (diffs if isinstance(diffs, list) else [diffs]))
        yield Alteration(task, paths, _note(mask(path) or "(no file)", task) + told)


def _path(one: Mapping[str, Any]) -> str:
    given = one.get("invocation") or {}
    inner = given.get("module_args") or {}
    for source in (given, inner, one):
        found = source.get("dest") or source.get("path")
        if found:
            return str(found)
    return ""


def _note(what: str, task: str) -> str:
    return f"~ {what}: {mask(task)}\n"


def _shown(diff: Mapping[str, Any]) -> str:
    """One difference of Ansible's as text; of a file that holds secrets, lines that go are not shown."""
    if "prepared" in diff:
        return "".join(f" {line}\n" for line in mask(str(diff["prepared"])).splitlines())
    before, after = diff.get("before"), diff.get("after")
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        return _attributes(dict(before or {}), dict(after or {}))
    old, new = str(before or "").splitlines(), str(after or "").splitlines()
    clean = [mask(line) for line in new]
    # What a file that holds secrets said before may be older secrets, which nobody here knows.
    secret = clean != new or [mask(line) for line in old] != old
    known = set(new)
    shown = [line if not secret or line in known else _first_word(line) for line in old]
    if secret:
        clean = [mask(line) for line in new]
        shown = [mask(line) for line in shown]
    lines = list(difflib.unified_diff(shown, clean, lineterm="", n=3))[2:]
    if not lines and old != new:
        return " the same lines with another secret\n"
    return "".join(f"{line}\n" for line in lines)


def _attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    lines = []
    for name in _SHOWN:
        if before.get(name) != after.get(name):
            lines += [f"-{name} {before[name]}"] if before.get(name) else []
            lines += [f"+{name} {after[name]}"] if after.get(name) else []
    return "".join(f"{mask(line)}\n" for line in lines)


def _first_word(line: str) -> str:
    words = line.split()
    return f"{words[0]} <withheld>" if words else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _words(result: Mapping[str, Any]) -> str:
    """What a failed task says, in one line."""
    if "censored" in result:
        return "withheld (no_log)"
    for one in result.get("results") or []:
        if one.get("failed"):
            return _words(one)
    found = [str(result.get(name) or "").strip() for name in ("msg", "stderr", "stdout")]
    return _line(" ".join(dict.fromkeys(word for word in found if word)))
