"""The one door through which Irisplane alters a router: fence, lock, timer, and the road back.

Runs on the router for as long as a session lasts: a JSON object a line on stdin, an answer a line on stdout. Every
command that alters runs under a lock and carries a mark; a mark of an older epoch than was ever seen is refused, and
the process then ends with status 75.

States of a mark::

    none ── prepare ──▶ prepared ── commit ──▶ committing ─▶ committed ── confirm ──▶ confirmed
                            │                      │             │
                            └──── rollback ────────┴─────────────┴── rollback, timer, restart ──▶ reverted | stuck

``frr.conf`` is written at confirm and at no other time: a router that restarts in between boots with what was last
confirmed.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from typing import Any

from network.drivers.frr.delta import fingerprint, typed, understood
from network.drivers.frr.halves import split
from network.drivers.frr.onrouter import linux, vty
from network.drivers.frr.onrouter.drive import HEADER, Drive, now, unaccepted
from network.drivers.frr.onrouter.memory import FOLDER, Busy, Lock, Memory, boot, write
from network.drivers.frr.tree import dump

__all__ = ["main"]

_PENDING = ("committing", "committed")
_PREPARED_LASTS = 900.0  # seconds until a candidate that nobody committed stands in nobody's way
_FENCED_STATUS = 75  # EX_TEMPFAIL


class Refusal(Exception):
    """A command that cannot be obeyed; ``code`` is known to the driver, ``fields`` go to it as they are."""

    def __init__(self, code: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.fields = fields


def _revert(memory: Memory, name: str, reason: str, lock: Lock) -> None:
    """Take a pending commit back."""
    drive = Drive(understood(memory.text("base")), lock)
    state = "reverted" if drive.exact else "stuck"
    memory.remember(
        name, holds=False, durable=True, state=state, reason=reason, missing=drive.missing, unexpected=drive.unexpected
    )
    _note(name, state, f"{reason}; {drive}")


def _settle(memory: Memory, lock: Lock) -> None:
    """Finish what time or a restart has decided meanwhile."""
    name = memory.holder
    record = memory.mark(name)
    if not name or record["state"] not in _PENDING:
        return
    if record["boot"] != boot():
        memory.remember(name, holds=False, state="reverted", reason="restart")
        _note(name, "reverted", "restart")
    elif time.monotonic() >= record["deadline"]:
        _revert(memory, name, "timer", lock)


def _arm(name: str, deadline: float) -> None:
    """Start the timer: a process of its own that outlives the session, and us."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        os.closerange(3, 256)  # the lock above all: it must not stay held by us
        _wait_and_revert(name, deadline)
    finally:
        os._exit(0)


def _wait_and_revert(name: str, deadline: float) -> None:
    while True:
        try:
            record = Memory().mark(name)
            if record["state"] not in _PENDING or record.get("deadline") != deadline:
                return
            left = deadline - time.monotonic()
            if left > 0:
                time.sleep(min(left, 2.0))
                continue
            with Lock(patience=None) as lock:
                _settle(Memory(), lock)
        except (vty.Refused, OSError):
            # FRR restarts or is not there, the disk is full, no process can be started: nobody else will take it back.
            time.sleep(2.0)


def _note(name: str, stage: str, detail: str = "") -> None:
    """A line in the journal on the router, for whoever stands in front of it."""
    path = f"{FOLDER}/journal.log"
    try:
        if os.path.getsize(path) > 262_144:
            os.replace(path, f"{path}.1")
    except OSError:
        pass
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {name} {stage} {detail}".rstrip() + "\n")


# ------------------------------------------------------------------------------------------------------------ commands
def _name(given: dict[str, Any]) -> str:
    return f"{given['change']}/{given['step']}"


def _fence(memory: Memory, given: dict[str, Any]) -> str:
    """Refuse a mark of an older epoch; else its name."""
    epoch = int(given["epoch"])
    if epoch < memory.epoch:
        raise Refusal("fenced", f"epoch {epoch} is older than {memory.epoch}", epoch=epoch, seen=memory.epoch)
    if epoch > memory.epoch:
        memory.data["epoch"] = epoch
        memory.save()
    return _name(given)


def _status(memory: Memory, name: str) -> dict[str, Any]:
    record = memory.mark(name)
    state = record["state"]
    answer: dict[str, Any] = {"state": state, "epoch": memory.epoch, "reason": record.get("reason", "")}
    if state in _PENDING:
        answer["state"] = "committed-pending"
        answer["remaining"] = max(0.0, record["deadline"] - time.monotonic())
        answer["applied"] = state == "committed"
    return answer


def _claim(memory: Memory, name: str, epoch: int) -> None:
    """Hold the router for this mark, if nobody else does."""
    holder = memory.holder
    if not holder:
        return
    record = memory.mark(holder)
    if holder == name:
        if record["state"] in _PENDING:
            raise Refusal("busy", "it is committed here and waits for confirmation", **_whose(holder, record))
        return
    idle = time.time() - record.get("at", 0)
    if record["state"] == "prepared" and (epoch > record.get("epoch", 0) or idle > _PREPARED_LASTS):
        memory.remember(holder, holds=False, state="reverted", reason="discarded")
        return
    raise Refusal("busy", f"change {holder} holds this router ({record['state']})", **_whose(holder, record))


def _whose(holder: str, record: dict[str, Any]) -> dict[str, Any]:
    change, _, step = holder.rpartition("/")
    return {"change_id": change, "step_id": step, "state": record["state"]}


def _prepare(memory: Memory, given: dict[str, Any], lock: Lock) -> dict[str, Any]:
    name = _fence(memory, given)
    _settle(memory, lock)
    if memory.mark(name)["state"] == "confirmed":
        raise Refusal("confirmed", "this step is confirmed on this router")
    _claim(memory, name, int(given["epoch"]))
    refused = unaccepted(given["check"]) if given["check"] else None
    if refused:
        raise Refusal("syntax", refused[1], line=refused[0])
    have, want = understood(now()), understood(given["text"])
    base = fingerprint(have)
    if given.get("base") and given["base"] != base:
        raise Refusal("moved", "the running configuration is another", expected=given["base"], found=base)
    memory.keep("base", dump(have))
    memory.keep("wanted", dump(want))
    wanted = fingerprint(want)
    memory.remember(name, holds=True, state="prepared", reason="", epoch=int(given["epoch"]), base=base, wanted=wanted)
    _note(name, "prepared", f"epoch {given['epoch']}")
    return {"base": base, "wanted": wanted, "running": dump(have), "commands": len(typed(have, want))}


def _commit(memory: Memory, given: dict[str, Any], lock: Lock) -> dict[str, Any]:
    name = _fence(memory, given)
    _settle(memory, lock)
    record = memory.mark(name)
    if record["state"] in ("committed", "confirmed"):
        return _status(memory, name)
    if record["state"] not in ("prepared", "committing") or memory.holder != name:
        raise Refusal("unprepared", f"no candidate of this step is loaded ({record['state']})", state=record["state"])
    if record["state"] == "prepared":
        found = fingerprint(understood(now()))
        if found != record["base"]:
            memory.remember(name, holds=False, state="reverted", reason="discarded")
            raise Refusal("moved", "the running configuration changed", expected=record["base"], found=found)
    deadline = time.monotonic() + int(given["revert_in"])
    memory.remember(name, holds=True, durable=True, state="committing", deadline=deadline, boot=boot())
    _arm(name, deadline)
    drive = Drive(understood(memory.text("wanted")), lock)
    if not drive.exact:
        _revert(memory, name, "not exact", lock)
        code = "stuck" if memory.mark(name)["state"] == "stuck" else "inexact"
        raise Refusal(code, "the router keeps it differently", missing=drive.missing, unexpected=drive.unexpected)
    memory.remember(name, holds=True, state="committed")
    _note(name, "committed", f"epoch {given['epoch']}, reverts in {given['revert_in']} s; {drive}")
    return _status(memory, name)


def _confirm(memory: Memory, given: dict[str, Any], lock: Lock) -> dict[str, Any]:
    name = _fence(memory, given)
    _settle(memory, lock)
    state = memory.mark(name)["state"]
    if state == "confirmed":
        return _status(memory, name)
    if state != "committed":
        raise Refusal("late", f"nothing to confirm: {state}", state=state)
    frr, kernel = split(understood(memory.text("wanted")))
    if kernel:
        write(linux.SAVED, kernel, durable=True, mode=0o660)
    elif os.path.exists(linux.SAVED):
        os.unlink(linux.SAVED)
    write("/etc/frr/frr.conf", f"{HEADER}{dump(frr)}", durable=True, mode=0o660)
    memory.remember(name, holds=False, durable=True, state="confirmed", reason="")
    _note(name, "confirmed", f"epoch {given['epoch']}")
    return _status(memory, name)


def _rollback(memory: Memory, given: dict[str, Any], lock: Lock) -> dict[str, Any]:
    name = _fence(memory, given)
    _settle(memory, lock)
    state = memory.mark(name)["state"]
    if state == "confirmed":
        raise Refusal("confirmed", "this step is confirmed on this router")
    if state in _PENDING:
        _revert(memory, name, "rollback", lock)
        record = memory.mark(name)
        if record["state"] == "stuck":
            raise Refusal("stuck", "lines are left", missing=record["missing"], unexpected=record["unexpected"])
    elif state in ("none", "prepared"):
        memory.remember(name, holds=False, state="reverted", reason="discarded")
    return _status(memory, name)


def _ask_status(given: dict[str, Any]) -> dict[str, Any]:
    """Asking never waits: while another command is at work, the answer is how far it came."""
    try:
        with Lock(patience=0) as lock:
            memory = Memory()
            _settle(memory, lock)
            return _status(memory, _name(given))
    except Busy:
        return _status(Memory(), _name(given))


def _running(given: dict[str, Any]) -> dict[str, Any]:
    root = understood(now())
    answer = {"fingerprint": fingerprint(root)}
    if given.get("text"):
        answer["text"] = dump(root)
    return answer


def _check(given: dict[str, Any]) -> dict[str, Any]:
    """What the router's grammar says against lines that nobody loads: the line's number and FRR's words, or nothing."""
    return {"refused": unaccepted(given["text"])}


def _show(given: dict[str, Any]) -> dict[str, Any]:
    """Answers of daemons to ``show`` commands, and of a few programs that only tell."""
    out = []
    for daemon, command in given["ask"]:
        if daemon in _TELLERS:
            code, said = vty.run(_TELLERS[daemon], 20)
            out.append(said if code == 0 else "")
        elif command.startswith("show "):
            try:
                out.append(vty.ask(daemon, [command])[0])
            except vty.Refused:
                out.append("")
        else:
            raise Refusal("unknown", f"not a question: {command}")
    return {"answers": out}


def _ping(given: dict[str, Any]) -> dict[str, Any]:
    from network.drivers.frr.onrouter.reach import answering

    if given.get("namespace"):
        return {"answering": linux.pings(given["namespace"], given["targets"], float(given["wait"]))}
    return {"answering": answering(given["targets"], float(given["wait"]))}


_TELLERS = {
    "lldp": ["lldpcli", "-f", "json0", "show", "neighbors"],
    "neighbours": ["ip", "-j", "neigh"],
    "package": ["dpkg-query", "-W", "-f", "${Version}", "frr"],
    "machine-id": ["cat", "/etc/machine-id"],
    "zebra-age": ["sh", "-c", "ps -o etimes= -p $(cat /run/frr/zebra.pid)"],
    "startup": ["cat", "/etc/frr/frr.conf"],
    "vtysh": ["vtysh", "-c", "show running-config"],
    "system": ["sh", "-c", "cat /proc/loadavg /proc/meminfo && nproc"],
}
_ALTERING = {
    "prepare": _prepare,
    "commit": _commit,
    "confirm": _confirm,
    "rollback": _rollback,
}
_ASKING = {"status": _ask_status, "running": _running, "show": _show, "ping": _ping, "check": _check}


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    verb = given["op"]
    if verb in _ALTERING:
        with Lock() as lock:
            return _ALTERING[verb](Memory(), given, lock)
    if verb in _ASKING:
        return _ASKING[verb](given)
    raise Refusal("unknown", f"no such command: {verb}")


def obey(given: dict[str, Any]) -> dict[str, Any]:
    """One command; its answer, or why not."""
    try:
        answer = _answer(given)
    except Refusal as refusal:
        return {"ok": False, "error": refusal.code, "message": str(refusal), "fields": refusal.fields}
    except Busy:
        return {"ok": False, "error": "busy", "message": "another command is at work", "fields": {}}
    except (vty.Refused, OSError, KeyError, ValueError) as error:
        return {"ok": False, "error": "trouble", "message": f"{type(error).__name__}: {error}", "fields": {}}
    return {"ok": True, **answer}


def _software() -> str:
    """Which FRR this is: what its grammar depends on."""
    try:
        return vty.ask("zebra", ["show version"])[0].partition("\n")[0].partition(" (")[0]
    except vty.Refused:
        return ""


def main() -> None:
    """Serve one session."""
    os.umask(0o007)
    os.makedirs(FOLDER, mode=0o770, exist_ok=True)
    fenced = False
    sys.stdout.write(f"{_software()}\n")  # also tells the driver that this version of the guard is here
    sys.stdout.flush()
    for line in sys.stdin.buffer:
        answer = obey(json.loads(line))
        fenced = answer.get("error") == "fenced"
        try:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        except OSError:
            break  # the session is gone; whatever was pending has its timer
    os._exit(_FENCED_STATUS if fenced else 0)
