"""What should be seen of a device, and whether it is: derived from its intent, or written by an engineer.

Derived: management reachable (whoever observes has just logged in), an adjacency on every interface whose neighbour
runs the IGP, an established session with every intended BGP peer, a route to every loopback. Engineers add checks as
YAML::

    - check: route
      prefix: 10.64.4.0/24
    - check: ping
      target: 10.255.0.3
    - check: interface
      name: to-ag01
    - check: ospf_neighbors
      count: 2
    - check: ospf_neighbors
      count: 0
      interfaces: [to-ag01, to-ag02]
    - check: bgp_sessions
      count: 4
    - check: reachable
    - check: python
      function: few_prefixes
      arguments: {most: 50000}

The last names a function that was registered with :func:`checking`. Evaluation is pure: observations in, verdict out.
Nothing observed is ``unknown``, never good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from core.errors import InvalidInput
from network.device_model import DeviceModel

__all__ = [
    "BgpSession",
    "BgpSessions",
    "Check",
    "Finding",
    "InterfaceUp",
    "Observations",
    "OspfAdjacency",
    "OspfNeighbors",
    "Ping",
    "Python",
    "Reachable",
    "Route",
    "checking",
    "evaluate",
    "expected",
    "read_checks",
]


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of a device; ``None``: not looked at, or no answer.

    Attributes:
        adjacencies: per IGP (``ospf``, ``ospfv3``), interface → its neighbour is full.
        bgp: peer address → session is established.
        routes: prefixes in the routing table, as ``10.255.0.1/32``.
        interfaces: name → up.
        pings: target → answered.
        reachable: whether somebody could log in; ``None`` is told from whether anything was seen.
    """

    adjacencies: Mapping[str, Mapping[str, bool]] | None = None
    bgp: Mapping[str, bool] | None = None
    routes: frozenset[str] | None = None
    interfaces: Mapping[str, bool] | None = None
    pings: Mapping[str, bool] = field(default_factory=dict)
    reachable: bool | None = None


CheckFunction = Callable[..., bool | None]
_FUNCTIONS: dict[str, CheckFunction] = {}


def checking(name: str) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function ``(seen: Observations, **arguments) -> bool | None`` under a name for YAML.

    It is given what was seen and nothing else, and must not do anything: whatever it raises makes its check unknown.
    """

    def register(function: CheckFunction) -> CheckFunction:
        _FUNCTIONS[name] = function
        return function

    return register


class _CheckModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OspfAdjacency(_CheckModel):
    """The neighbour on this interface is full."""

    check: Literal["adjacency"] = "adjacency"
    interface: str
    igp: Literal["ospf", "ospfv3"] = "ospf"
    peer: str = ""


class OspfNeighbors(_CheckModel):
    """At least so many neighbours are full, those on the named interfaces among them."""

    check: Literal["ospf_neighbors"] = "ospf_neighbors"
    count: int = Field(default=0, ge=0)
    interfaces: tuple[str, ...] = ()
    igp: Literal["ospf", "ospfv3"] = "ospf"


class BgpSession(_CheckModel):
    """The session with this peer is established."""

    check: Literal["bgp"] = "bgp"
    peer: str
    name: str = ""


class BgpSessions(_CheckModel):
    """At least so many sessions are established."""

    check: Literal["bgp_sessions"] = "bgp_sessions"
    count: int = Field(ge=0)


class Reachable(_CheckModel):
    """Somebody can log in to the device."""

    check: Literal["reachable"] = "reachable"


class Python(_CheckModel):
    """A function registered under this name says yes, no, or None for not known."""

    check: Literal["python"] = "python"
    function: str
    arguments: Mapping[str, str | int | float | bool] = Field(default_factory=dict)

    @field_validator("function")
    @classmethod
    def _registered(cls, name: str) -> str:
        if name not in _FUNCTIONS:
            raise ValueError(f"there is no check function {name!r}; there is {', '.join(sorted(_FUNCTIONS)) or 'none'}")
        return name


class Route(_CheckModel):
    """There is a route to this prefix."""

    check: Literal["route"] = "route"
    prefix: str
    name: str = ""


class Ping(_CheckModel):
    """This address answers the device."""

    check: Literal["ping"] = "ping"
    target: str


class InterfaceUp(_CheckModel):
    """This interface is up."""

    check: Literal["interface"] = "interface"
    name: str


Check = Annotated[
    OspfAdjacency | OspfNeighbors | BgpSession | BgpSessions | Route | Ping | InterfaceUp | Reachable | Python,
    Field(discriminator="check"),
]
_CHECKS: TypeAdapter[list[Check]] = TypeAdapter(list[Check])


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what became of it: ``ok``, ``failed`` or ``unknown``."""

    check: Check
    status: Literal["ok", "failed", "unknown"]
    text: str

    @property
    def key(self) -> str:
        """The same check on the same device has the same key, before and after a change."""
        return self.check.model_dump_json()


def read_checks(text: str, *, name: str = "checks") -> list[Check]:
    """Checks from YAML.

    Raises:
        InvalidInput: it is no YAML, or no list of checks; names the place.
    """
    try:
        data: Any = yaml.safe_load(text)
        return _CHECKS.validate_python(data or [])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"{name}{where} is no YAML.", hint="See docs/checks.md for the form.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{name}, at {place}: {first['msg']}.", hint="See docs/checks.md for the form.") from None


def expected(
    model: DeviceModel, neighbours: Mapping[str, str], speaking: Iterable[str], loopbacks: Mapping[str, str]
) -> list[Check]:
    """What the intent lets one expect.

    Args:
        neighbours: interface → device at the other end.
        speaking: devices that are configured by now (and reachable), so that they can be a neighbour.
        loopbacks: address → device, of those devices.
    """
    there = frozenset(speaking)
    checks: list[Check] = []
    for interface in model.interfaces:
        peer = neighbours.get(interface.name)
        if peer is None or peer not in there or not interface.enabled:
            continue
        if model.ospf and interface.ospf and not interface.ospf.passive:
            checks.append(OspfAdjacency(interface=interface.name, igp="ospf", peer=peer))
        if model.ospfv3 and interface.ospfv3 and not interface.ospfv3.passive:
            checks.append(OspfAdjacency(interface=interface.name, igp="ospfv3", peer=peer))
    for neighbor in model.bgp.neighbors if model.bgp else ():
        device = loopbacks.get(neighbor.name)
        if device in there and not neighbor.shutdown:
            checks.append(BgpSession(peer=neighbor.name, name=str(device)))
    own = {address.split("/")[0] for interface in model.interfaces for address in (*interface.ipv4, *interface.ipv6)}
    for address, device in sorted(loopbacks.items()):
        version = model.ospfv3 if ":" in address else model.ospf
        if device in there and address not in own and version is not None:
            checks.append(Route(prefix=f"{address}/{128 if ':' in address else 32}", name=device))
    return checks


def evaluate(checks: Sequence[Check], seen: Observations) -> list[Finding]:
    """What became of each check."""
    return [_judge(check, seen) for check in checks]


def _judge(check: Check, seen: Observations) -> Finding:
    value, text = _look(check, seen)
    if value is None:
        return Finding(check, "unknown", f"{text}: not seen")
    return Finding(check, "ok" if value else "failed", f"{text}: {'yes' if value else 'no'}")


def _look(check: Check, seen: Observations) -> tuple[bool | None, str]:
    match check:
        case OspfAdjacency():
            table = None if seen.adjacencies is None else seen.adjacencies.get(check.igp)
            text = f"{check.igp} adjacency with {check.peer or 'its neighbour'} on {check.interface}"
            return (None if table is None else bool(table.get(check.interface, False))), text
        case OspfNeighbors():
            return _neighbors(check, None if seen.adjacencies is None else seen.adjacencies.get(check.igp))
        case BgpSession():
            text = f"BGP session with {check.name or check.peer} ({check.peer})"
            return (None if seen.bgp is None else bool(seen.bgp.get(check.peer, False))), text
        case BgpSessions():
            up = None if seen.bgp is None else sum(seen.bgp.values())
            return (None if up is None else up >= check.count), f"at least {check.count} BGP sessions (seen {up})"
        case Route():
            text = f"route to {check.name or check.prefix} ({check.prefix})"
            return (None if seen.routes is None else check.prefix in seen.routes), text
        case _:
            return _look_closer(check, seen)


def _look_closer(check: Ping | InterfaceUp | Reachable | Python, seen: Observations) -> tuple[bool | None, str]:
    match check:
        case Ping():
            return seen.pings.get(check.target), f"ping {check.target}"
        case InterfaceUp():
            text = f"interface {check.name} up"
            return (None if seen.interfaces is None else bool(seen.interfaces.get(check.name, False))), text
        case Reachable():
            return _reachable(seen), "management reachable"
        case Python():
            return _call(check, seen), f"check {check.function}"


def _neighbors(check: OspfNeighbors, table: Mapping[str, bool] | None) -> tuple[bool | None, str]:
    if table is None:
        return None, f"{check.igp} neighbours"
    full = {name for name, is_full in table.items() if is_full}
    missing = sorted(set(check.interfaces) - full)
    text = f"at least {check.count} {check.igp} neighbours full (seen {len(full)})"
    if check.interfaces:
        text += f", on {', '.join(check.interfaces)} (missing {', '.join(missing) or 'none'})"
    return len(full) >= check.count and not missing, text


def _reachable(seen: Observations) -> bool | None:
    if seen.reachable is not None:
        return seen.reachable
    looked = (seen.adjacencies, seen.bgp, seen.routes, seen.interfaces)
    return True if any(part is not None for part in looked) else None


def _call(check: Python, seen: Observations) -> bool | None:
    try:
        return _FUNCTIONS[check.function](seen, **check.arguments)
    except Exception:  # noqa: BLE001 - an engineer's function that fails knows nothing; the change must not fail for it
        return None
