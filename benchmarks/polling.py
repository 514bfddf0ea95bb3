"""Sixty SNMP agents walked by ours, by Net-SNMP's snmpbulkwalk and by pysnmp; and 10,000 interfaces looked at.

The agents are Net-SNMP's snmpd in a network namespace of their own with four interfaces, then with 250. Every walker
asks all agents at once, over SNMPv2c, for the whole ifTable; the whole look at 10,000 interfaces is over SNMPv3.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measuring import Figure, Spent, measured, middle, table
from core.settings import get_settings
from network.drivers.snmp import Community, SnmpTarget, User, open_reader
from network.drivers.snmp.reference import PysnmpReader
from network.polling.looking import EVERYTHING, Opener, look_at_many

__all__ = ["run"]

_AGENTS: Final = 60
_IF_TABLE: Final = "1.3.6.1.2.1.2.2"
_AT_ONCE: Final = 20
"""Processes of snmpbulkwalk side by side: the number at which it is quickest here."""
_WALL_RATIO: Final = 1.5
_INTERFACES: Final = 10_000
_EACH: Final = 250
_COMMUNITY: Final = Community("benchmark")
_USER: Final = User("benchmark", "authentication", "encryption")
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    times = 3 if quick else 7
    with TemporaryDirectory() as folder, _namespace(2) as (space, host), _agents(Path(folder), space, _AGENTS):
        targets = [SnmpTarget(f"agent{n}", host, _COMMUNITY, 10_000 + n) for n in range(1, _AGENTS + 1)]
        ours, count = _ours(targets, open_reader, times)
        pysnmp, same = _ours(targets, PysnmpReader, 1 if quick else 3)
        by_hand, lines = _bulkwalk(targets, times)
    if not count == same == lines:
        raise RuntimeError(f"the walkers do not agree: {count}, {same}, {lines} variables")
    with TemporaryDirectory() as folder, _namespace(_EACH - 2) as (space, host):
        agents = _INTERFACES // _EACH
        with _agents(Path(folder), space, agents):
            many = [SnmpTarget(f"agent{n}", host, _USER, 10_000 + n) for n in range(1, agents + 1)]
            whole, seen = _whole(many, 1 if quick else 3)
    return _tell(count, ours, by_hand, pysnmp, whole, seen)


def _ours(targets: Sequence[SnmpTarget], opener: Opener, times: int) -> tuple[Spent, int]:
    async def one(target: SnmpTarget) -> int:
        async with opener(target, patience=20) as reader:
            return len(await reader.walk(_IF_TABLE))

    async def every() -> int:
        return sum(await asyncio.gather(*(one(target) for target in targets)))

    return _measured(every, times)


def _bulkwalk(targets: Sequence[SnmpTarget], times: int) -> tuple[Spent, int]:
    program = shutil.which("snmpbulkwalk", path=_PATH)
    if program is None:
        raise RuntimeError("snmpbulkwalk is not installed")

    async def every() -> int:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(target: SnmpTarget) -> int:
            words = ["-v2c", "-c", _COMMUNITY.community, "-On", "-Cr25", f"{target.host}:{target.port}", _IF_TABLE]
            async with gate:
                walker = await asyncio.create_subprocess_exec(
                    program, *words, stdout=asyncio.subprocess.PIPE, env={"MIBS": ""}
                )
                out, _ = await walker.communicate()
            return out.count(b"\n")

        return sum(await asyncio.gather(*(one(target) for target in targets)))

    return _measured(every, times)


def _measured(work: Callable[[], Awaitable[int]], times: int) -> tuple[Spent, int]:
    count = asyncio.run(_awaited(work))  # warm: imports, and the agents' own tables
    runs = []
    for _ in range(times):
        with measured() as spent:
            count = asyncio.run(_awaited(work))
        runs.append(spent)
    return middle(runs), count


async def _awaited(work: Callable[[], Awaitable[int]]) -> int:
    return await work()


def _whole(targets: Sequence[SnmpTarget], times: int) -> tuple[Spent, int]:
    """All we read of each agent, as the worker reads it."""
    looks = look_at_many(targets, EVERYTHING, patience=30, budget=120)
    runs = []
    for _ in range(times):
        with measured() as spent:
            looks = look_at_many(targets, EVERYTHING, patience=30, budget=120)
        runs.append(spent)
    failed = [look for look in looks if look.error or look.missing]
    if failed:
        raise RuntimeError(f"{len(failed)} agents did not tell all: {failed[0]}")
    return middle(runs), sum(len(look.interfaces) for look in looks)


def _tell(count: int, ours: Spent, by_hand: Spent, pysnmp: Spent, whole: Spent, seen: int) -> list[Figure]:
    named = {"irisplane (gufo-snmp)": ours, "snmpbulkwalk": by_hand, "pysnmp": pysnmp}
    print(f"\n{_AGENTS} agents, {count} variables (medians)")
    print(table(("", "wall ms", "CPU ms", "wall / ours", "CPU / ours"), [
        [name, f"{spent.wall * 1000:.0f}", f"{_cpu(spent) * 1000:.0f}", f"{spent.wall / ours.wall:.1f}",
         f"{_cpu(spent) / _cpu(ours):.1f}"]
        for name, spent in named.items()
    ]))  # fmt: skip
    per = _cpu(whole) * _INTERFACES / seen
    print(f"\n{seen:,} interfaces, everything, SNMPv3: {whole.wall:.1f} s, {_cpu(whole):.2f} s CPU of ours;"
          f" every 60 s that is {per / 60:.1%} of one core for {_INTERFACES:,}")  # fmt: skip
    more = {"variables": count, "cpu_ms": {name: _cpu(spent) * 1000 for name, spent in named.items()}}
    return [
        Figure("60 agents walked, wall", ours.wall * 1000, "ms", round(_WALL_RATIO * by_hand.wall * 1000, 1),
               by_hand.wall * 1000, "snmpbulkwalk", more=more),
        Figure("60 agents walked, CPU", _cpu(ours) * 1000, "ms", round(_cpu(by_hand) * 1000, 1),
               _cpu(by_hand) * 1000, "snmpbulkwalk"),
        Figure("10,000 interfaces looked at, CPU", per, "s", 60.0, more={"interfaces": seen}),
        Figure("10,000 interfaces looked at, wall", whole.wall * _INTERFACES / seen, "s", 60.0),
    ]  # fmt: skip


def _cpu(spent: Spent) -> float:
    return spent.groups["client"]


# -------------------------------------------------------------------------------------------------- the other end
@contextmanager
def _namespace(more: int) -> Iterator[tuple[str, str]]:
    """A network namespace with ``lo``, a cable to us and ``more`` other interfaces: its name, and an address in it."""
    place = get_settings().place
    space, cable, address = place.namespace("snmp"), place.mgmt_veth("snmp"), place.mgmt_address(4000)
    _ip(f"link del {cable}", f"netns del {space}", force=True)
    length = place.mgmt_network.prefixlen
    pairs = [f"link add p{n}a netns {space} type veth peer name p{n}b netns {space}" for n in range(more // 2)]
    _ip(
        f"netns add {space}",
        f"link add {cable} type veth peer name way netns {space}",
        f"addr add {place.mgmt_gateway}/{length} dev {cable}",
        f"link set {cable} up",
        *pairs,
    )
    _ip("link set lo up", "link set way up", f"addr add {address}/{length} dev way", within=space)
    try:
        yield space, str(address)
    finally:
        _ip(f"link del {cable}", f"netns del {space}", force=True)


def _ip(*commands: str, force: bool = False, within: str = "") -> None:
    words = ["ip", *(["-n", within] if within else []), *(["-force"] if force else []), "-batch", "-"]
    done = subprocess.run(words, input="\n".join(commands) + "\n", text=True, capture_output=True, check=False)
    if done.returncode and not force:
        raise RuntimeError(f"ip: {done.stderr.strip()}")


@contextmanager
def _agents(folder: Path, space: str, count: int) -> Iterator[None]:
    """So many agents on ports from 10,001 on, each of which has answered."""
    program = shutil.which("snmpd", path=_PATH)
    if program is None:
        raise RuntimeError("snmpd is not installed")
    config = folder / "snmpd.conf"
    config.write_text(
        f"rocommunity {_COMMUNITY.community}\n"
        f'createUser {_USER.name} SHA-256 "{_USER.auth}" AES "{_USER.privacy}"\nrouser {_USER.name} authpriv\n'
    )
    running = [
        subprocess.Popen(
            ["ip", "netns", "exec", space, program, "-f", "-Lf", "/dev/null", "-C", "-c", str(config),
             f"udp:{10_000 + n}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": _PATH, "MIBS": "", "SNMP_PERSISTENT_DIR": str(folder / f"kept{n}")},
        )
        for n in range(1, count + 1)
    ]  # fmt: skip
    try:
        place = get_settings().place
        waiting = [
            SnmpTarget(f"agent{n}", str(place.mgmt_address(4000)), _USER, 10_000 + n) for n in range(1, count + 1)
        ]
        end = time.monotonic() + 120
        while waiting:
            looks = look_at_many([replace(one) for one in waiting], ("ifName",), patience=2, budget=30)
            waiting = [one for one, look in zip(waiting, looks, strict=True) if look.error or look.missing]
            if waiting and time.monotonic() > end:
                raise RuntimeError(f"{len(waiting)} agents do not answer")
        yield
    finally:
        for one in running:
            one.kill()
        for one in running:
            one.wait()
