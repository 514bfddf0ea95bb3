"""Selectors: which devices somebody means, in one line: ``role=access,site=DC-ARTS,name~ac0*,!status=retired``.

Conditions are joined by *and*. ``key=a|b`` takes either value, ``key~glob`` matches with ``*`` and ``?`` (without
them: anywhere in the text), a ``!`` before the key turns a condition round. ``all`` selects every device. A key or a
value that does not exist is an error that names what exists, never an empty answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.errors import UnknownSelector
from inventory.schema import DeviceRole, DeviceStatus, Platform, SiteKind

__all__ = ["KEYS", "Condition", "Selector", "parse_selector", "select_devices"]

_LENGTH: Final = 2000


@dataclass(frozen=True, slots=True)
class _Key:
    """One key: SQL of its value for a device ``t`` at site ``s``, and where its values are known from."""

    sql: str
    values: tuple[str, ...] = ()
    exists: str | None = None
    cast: str = "text"


KEYS: Final[Mapping[str, _Key]] = {
    "name": _Key("t.name", exists="select name from device"),
    "role": _Key("t.role", get_args(DeviceRole)),
    "status": _Key("t.status", get_args(DeviceStatus)),
    "platform": _Key("t.platform", get_args(Platform)),
    "site": _Key("s.code", exists="select code from site"),
    "site-kind": _Key("s.kind", get_args(SiteKind)),
    "commune": _Key(
        "(select c.nis_code from commune c where c.id = s.commune_id)", exists="select nis_code from commune"
    ),
    "tenant": _Key("(select o.code from tenant o where o.id = t.tenant_id)", exists="select code from tenant"),
    "type": _Key(
        "(select y.manufacturer || '/' || y.model from device_type y where y.id = t.device_type_id)",
        exists="select manufacturer || '/' || model from device_type",
    ),
    "drift": _Key("coalesce(t.drift_policy, '')", ("report", "restore", "adopt")),
    "asn": _Key("t.asn::text", exists="select number::text from asn"),
    "id": _Key("t.id::text", exists="select id::text from device"),
}
"""What a device can be selected by."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a selector."""

    key: str
    operator: Literal["=", "~"]
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{'!' if self.negated else ''}{self.key}{self.operator}{'|'.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions joined by *and*; none of them: every device."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.conditions)) or "all"

    def where(self, prefix: str = "sel") -> tuple[str, dict[str, Any]]:
        """SQL over ``device t join site s`` and its parameters; ``true`` when everything is selected."""
        parts: list[str] = []
        parameters: dict[str, Any] = {}
        for number, condition in enumerate(self.conditions):
            name = f"{prefix}{number}"
            sql = KEYS[condition.key].sql
            if condition.operator == "=":
                part = f"{sql} = any(cast(:{name} as text[]))"
                parameters[name] = list(condition.values)
            else:
                part = f"{sql} ilike any(cast(:{name} as text[]))"
                parameters[name] = [_like(value) for value in condition.values]
            parts.append(f"not coalesce({part}, false)" if condition.negated else part)
        return " and ".join(parts) or "true", parameters


def parse_selector(given: str) -> Selector:
    """Read a selector.

    Raises:
        UnknownSelector: it has no form, or names a key or a fixed value that does not exist.
    """
    line = given.strip()
    if not line or len(line) > _LENGTH:
        raise UnknownSelector(
            "The selector is empty." if not line else "The selector is too long.", hint="'all' selects every device."
        )
    if line in {"all", "*"}:
        return Selector(())
    return Selector(tuple(_condition(part.strip(), given) for part in line.split(",")))


def select_devices(tx: Connection, selector: Selector, *, must_match: bool = True) -> list[UUID]:
    """Ids of the devices that a selector means, by name.

    Raises:
        UnknownSelector: a value names nothing that exists, or nothing matches.
    """
    check_values(tx, selector)
    where, parameters = selector.where()
    found = list(
        tx.execute(
            text(f"select t.id from device t join site s on s.id = t.site_id where {where} order by t.name"),  # noqa: S608
            parameters,
        )
        .scalars()
        .all()
    )
    if not found and must_match:
        raise UnknownSelector(
            f"No device matches {str(selector)!r}.",
            hint="'irisplane device list' shows what there is.",
            selector=str(selector),
        )
    return found


def check_values(tx: Connection, selector: Selector) -> None:
    """Whether exact values exist.

    Raises:
        UnknownSelector: names the nearest that do.
    """
    for condition in selector.conditions:
        source = KEYS[condition.key].exists
        if source is None or condition.operator == "~":
            continue
        known = tx.execute(
            text(
                f"select v, exists (select from ({source}) x(name) where x.name = v)"  # noqa: S608 - our fragment
                " from unnest(cast(:values as text[])) v"
            ),
            {"values": list(condition.values)},
        ).all()
        for value, there in known:
            if not there:
                raise _unknown_value(condition.key, value, tx.execute(text(f"{source} limit 5000")).scalars().all())


def _condition(part: str, whole: str) -> Condition:
    body = part.removeprefix("!")
    negated = part.startswith("!")
    places = [place for place in (body.find("="), body.find("~")) if place > 0]
    if not places:
        raise UnknownSelector(f"{part!r} is no condition.", selector=whole, known=list(KEYS))
    place = min(places)
    key, operator, rest = body[:place].strip(), body[place], body[place + 1 :].strip()
    if key.endswith("!"):
        key, negated = key[:-1].strip(), not negated
    if key not in KEYS:
        near = get_close_matches(key, KEYS, 1)
        raise UnknownSelector(
            f"There is no key {key!r} in selectors." + (f" Did you mean {near[0]!r}?" if near else ""),
            hint=f"Keys are: {', '.join(KEYS)}.",
            selector=whole,
            known=list(KEYS),
        )
    values = tuple(value.strip() for value in rest.split("|"))
    if not all(values):
        raise UnknownSelector(f"{part!r} has an empty value.", selector=whole)
    fixed = KEYS[key].values
    if operator == "=" and fixed:
        for value in values:
            if value not in fixed:
                raise _unknown_value(key, value, fixed)
    return Condition(key, "=" if operator == "=" else "~", values, negated)


def _unknown_value(key: str, value: str, known: Sequence[str | None]) -> UnknownSelector:
    there = [name for name in known if name]
    near = get_close_matches(value, there, 3, 0.5) or sorted(there)[:10]
    many = "" if len(there) <= len(near) else f" (of {len(there)})"
    return UnknownSelector(
        f"There is no {key} {value!r}.",
        hint=f"There are: {', '.join(near)}{many}." if near else f"There is no {key} at all yet.",
        key=key,
        value=value,
        known=near,
    )


def _like(glob: str) -> str:
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if "*" in glob or "?" in glob:
        return escaped.replace("*", "%").replace("?", "_")
    return f"%{escaped}%"
