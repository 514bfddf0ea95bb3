"""Rules of a security group: as an administration writes them, and as Neutron keeps them.

A group's rules are a set. With no rule for ``egress`` in it everything may go out; as soon as there is one, only what
such rules name may. A rule without a remote means anywhere, over IPv4 and IPv6: two rules in Neutron.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from datacenter.hosting.networks.errors import RuleRefused

__all__ = ["MOST_RULES", "NAME_OF_GROUP", "CloudRule", "Rule", "RuleIn", "cloud_rules", "difference", "distinct"]

MOST_RULES: Final = 100
"""Neutron's own default. Each rule that goes costs it half a second: a larger set could not be altered in minutes."""
NAME_OF_GROUP: Final = "group:"
"""What a remote begins with that is a group, not a range."""

_WITH_PORTS: Final = ("tcp", "udp", "sctp")
_ALL_PORTS: Final = (1, 65535)
_NUMBERS: Final = {
    "1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "51": "ah", "58": "icmp", "132": "sctp",
    "icmpv6": "icmp", "ipv6-icmp": "icmp",
}  # fmt: skip
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")

Protocol = Literal["any", "tcp", "udp", "sctp", "icmp", "esp", "ah", "gre"]
Direction = Literal["ingress", "egress"]


class RuleIn(BaseModel):
    """One rule, as it is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    direction: Direction = "ingress"
    protocol: Protocol = "any"
    port_min: int | None = Field(default=None, ge=1, le=65535, description="Of tcp, udp and sctp; none: every port.")
    port_max: int | None = Field(default=None, ge=1, le=65535, description="The same as port_min when absent.")
    remote: str | None = Field(
        default=None,
        max_length=80,
        description="Who is at the other end: a range (192.0.2.0/24, 2001:db8::/32), `group:NAME` of the same project,"
        " or nothing: anywhere.",
    )

    @field_validator("remote")
    @classmethod
    def _range_or_group(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if value.startswith(NAME_OF_GROUP):
            if not 1 <= len(value.removeprefix(NAME_OF_GROUP)) <= 63:
                raise ValueError("after 'group:' stands the name of a security group of the same project")
            return value
        try:
            loose = ip_network(value, strict=False)
        except ValueError:
            raise ValueError("is neither a range like 192.0.2.0/24 nor group:NAME") from None
        if str(loose) != value:
            raise ValueError(f"is not the plain form of a range; write {loose}")
        return value

    @model_validator(mode="after")
    def _ports_fit(self) -> Self:
        if (self.port_min or self.port_max) is not None and self.protocol not in _WITH_PORTS:
            raise ValueError(f"{self.protocol} has no ports; leave port_min and port_max away")
        if self.port_max is not None and self.port_min is None:
            raise ValueError("port_max without port_min says too little; give both")
        if self.port_min is not None and self.port_max is not None and self.port_min > self.port_max:
            raise ValueError(f"port_min {self.port_min} is above port_max {self.port_max}")
        return self


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One rule, in its one form.

    Attributes:
        remote: a range; a group as ``group:<name>``; or empty: anywhere.
    """

    direction: str
    protocol: str
    port_min: int
    port_max: int
    remote: str

    @classmethod
    def of(cls, asked: RuleIn) -> Self:
        """The rule that somebody asked for."""
        low = asked.port_min or 0
        return cls(asked.direction, asked.protocol, low, asked.port_max or low, asked.remote or "")

    @property
    def group(self) -> str | None:
        """Name of the group at the other end, if it is one."""
        return self.remote.removeprefix(NAME_OF_GROUP) if self.remote.startswith(NAME_OF_GROUP) else None

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it, and as ``RuleIn`` takes it."""
        return {
            "direction": self.direction,
            "protocol": self.protocol,
            "port_min": self.port_min or None,
            "port_max": self.port_max or None,
            "remote": self.remote or None,
        }

    def __str__(self) -> str:
        """For people: ``in tcp 80-90 from 192.0.2.0/24``."""
        ports = "" if not self.port_min else f" {self.port_min}"
        if self.port_max != self.port_min:
            ports += f"-{self.port_max}"
        way, other = ("in", "from") if self.direction == "ingress" else ("out", "to")
        return f"{way} {self.protocol}{ports} {other} {self.remote or 'anywhere'}"


def distinct(asked: Sequence[RuleIn]) -> tuple[Rule, ...]:
    """The rules, in order of their values.

    Raises:
        RuleRefused: one stands there twice, or there are too many.
    """
    if len(asked) > MOST_RULES:
        raise RuleRefused(f"{len(asked)} rules are more than the {MOST_RULES} a group can have.", pointer="/rules")
    seen: dict[Rule, int] = {}
    for number, one in enumerate(asked):
        rule = Rule.of(one)
        if rule in seen:
            raise RuleRefused(f"Rules {seen[rule]} and {number} are the same: {rule}.", pointer=f"/rules/{number}")
        seen[rule] = number
    return tuple(sorted(seen))


def difference(before: Iterable[Rule], after: Iterable[Rule]) -> str:
    """What changes, a line a rule: ``- …`` goes, ``+ …`` comes."""
    old, new = set(before), set(after)
    return "\n".join([*(f"- {rule}" for rule in sorted(old - new)), *(f"+ {rule}" for rule in sorted(new - old))])


# ----------------------------------------------------------------------------------------------- as Neutron keeps them


@dataclass(frozen=True, slots=True, order=True)
class CloudRule:
    """A rule as Neutron keeps it, in its one form: every way of writing the same rule gives the same value."""

    direction: str
    family: str
    protocol: str
    ports: str
    prefix: str
    group_id: str

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From what Neutron shows of a rule."""
        protocol = str(found.get("protocol") or "any").lower()
        protocol = _NUMBERS.get(protocol, protocol)
        low, high = found.get("port_range_min"), found.get("port_range_max")
        if low is None or (protocol in _WITH_PORTS and (low, high) == _ALL_PORTS):
            ports = ""
        else:
            ports = f"{low}-{low if high is None and protocol in _WITH_PORTS else high}"  # of ICMP: type and code
        prefix = str(found.get("normalized_cidr") or found.get("remote_ip_prefix") or "")
        return cls(
            direction=str(found["direction"]), family=str(found["ethertype"]), protocol=protocol, ports=ports,
            prefix="" if prefix in _EVERYWHERE else prefix, group_id=str(found.get("remote_group_id") or ""),
        )  # fmt: skip

    def __str__(self) -> str:
        """For people: ``ingress IPv4 tcp 80-90 192.0.2.0/24``."""
        words = (self.direction, self.family, self.protocol, self.ports, self.prefix or self.group_id or "anywhere")
        return " ".join(word for word in words if word)

    def body(self, group: str) -> dict[str, Any]:
        """What Neutron is asked to make in a group."""
        protocol = "ipv6-icmp" if self.protocol == "icmp" and self.family == "IPv6" else self.protocol
        body: dict[str, Any] = {"security_group_id": group, "direction": self.direction, "ethertype": self.family}
        if protocol != "any":
            body["protocol"] = protocol
        if self.ports:
            low, _, high = self.ports.partition("-")
            body |= {"port_range_min": int(low), "port_range_max": int(high)}
        if self.prefix:
            body["remote_ip_prefix"] = self.prefix
        if self.group_id:
            body["remote_group_id"] = self.group_id
        return body


def cloud_rules(rules: Iterable[Rule], group_ids: Mapping[str, str]) -> frozenset[CloudRule]:
    """What Neutron shall keep for these rules.

    Args:
        group_ids: name of a group of the project → its id in the cloud.
    Raises:
        KeyError: a rule names a group that is not among them.
    """
    ours = list(rules)
    if not any(rule.direction == "egress" for rule in ours):
        ours.append(Rule("egress", "any", 0, 0, ""))
    out: set[CloudRule] = set()
    for rule in ours:
        pair = (rule.port_min, rule.port_max)
        ports = "" if pair in {(0, 0), _ALL_PORTS} else f"{rule.port_min}-{rule.port_max}"
        group = group_ids[rule.group] if rule.group is not None else ""
        prefix = "" if rule.group is not None or rule.remote in _EVERYWHERE else rule.remote
        if not rule.remote or group:
            families: tuple[str, ...] = ("IPv4", "IPv6")
        else:
            families = ("IPv6",) if ":" in rule.remote else ("IPv4",)
        out |= {CloudRule(rule.direction, family, rule.protocol, ports, prefix, group) for family in families}
    return frozenset(out)
