"""Foreign lines of a running configuration taken over into the intent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any

from network.device_model import DeviceModel, Interface, OpaqueBlock, SecretRef
from network.parse.frr import model_of
from network.parse.secrets_out import without_secrets

__all__ = ["Adopted", "Adoption", "adopt"]

# A model's own identity, and what a platform's text cannot hold, come from the intent and never from a device.
_OURS = frozenset(("platform", "role", "site", "vlans"))
_OURS_IN_SYSTEM = frozenset(("domain", "name_servers", "ntp_servers", "syslog_servers", "banner", "users"))


@dataclass(frozen=True, slots=True)
class Adopted:
    """One part of the model that the device decided: where, before, and now (JSON-able, never a secret)."""

    part: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Adoption:
    """The result of adopting: the new model, what was taken over, the blocks that stay opaque, secrets found."""

    model: DeviceModel
    adopted: tuple[Adopted, ...]
    opaque: tuple[OpaqueBlock, ...]
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def opaque_count(self) -> int:
        """How many named blocks could not become fields."""
        return len(self.opaque)


def adopt(model: DeviceModel, running: str) -> Adoption:
    """The intent changed so that it renders to ``running`` (FRR): fields where there are fields, opaque blocks else.

    A secret that stands where the intent has a reference keeps that reference: whether the value differs is for the
    caller to see in ``secrets`` (named as :func:`network.parse.parse` names them).
    """
    named = re.search(r"^\s*hostname (\S+)", running, re.MULTILINE)
    bare, secrets = without_secrets(running, "frr", named[1] if named else model.hostname or "device")
    seen = model_of(bare)
    new = _merge(model, seen)
    adopted = (*_differences("", replace(model, opaque=()), replace(new, opaque=())), *_blocks(model, new))
    return Adoption(new, adopted, new.opaque, secrets)


def _merge(intent: DeviceModel, seen: DeviceModel) -> DeviceModel:
    system = replace(
        seen.system,
        **{name: getattr(intent.system, name) for name in _OURS_IN_SYSTEM},
        snmp=replace(intent.system.snmp, agentx=seen.system.snmp.agentx),
    )
    beside = {interface.name: interface for interface in intent.interfaces}
    interfaces = [_with_kernel_part(found, beside.pop(found.name, None)) for found in seen.interfaces]
    # An interface of which FRR prints nothing stays as intended when the intent says nothing of it to FRR either.
    silent = [i for i in beside.values() if not (i.description or i.ipv4 or i.ipv6 or i.ospf or i.ospfv3) and i.enabled]
    vrfs = {vrf.name: vrf for vrf in intent.vrfs}
    merged = replace(
        seen,
        **{name: getattr(intent, name) for name in _OURS},
        hostname=seen.hostname or intent.hostname,
        system=system,
        interfaces=(*interfaces, *silent),
        vrfs=tuple(replace(vrfs[vrf.name], bgp=vrf.bgp) if vrf.name in vrfs else vrf for vrf in seen.vrfs),
        opaque=(*(block for block in intent.opaque if block.platform != "frr"), *_owned(intent, seen)),
    )
    return _keep_references(intent, merged)


def _with_kernel_part(seen: Interface, known: Interface | None) -> Interface:
    """What FRR cannot say of an interface (MTU, VLANs) stays as intended."""
    if known is None:
        return seen
    return replace(
        seen, mtu=known.mtu, access_vlan=known.access_vlan, trunk_vlans=known.trunk_vlans, vlan_id=known.vlan_id
    )


def _owned(intent: DeviceModel, seen: DeviceModel) -> Iterator[OpaqueBlock]:
    """Opaque blocks keep the name and owner that the intent gave to the same text."""
    known = {(block.context, block.text): block for block in intent.opaque}
    for block in seen.opaque:
        yield known.get((block.context, block.text), block)


def _keep_references(intent: DeviceModel, merged: DeviceModel) -> DeviceModel:
    """Secret references at places where the intent has one already stay the intent's own."""

    def walk(old: Any, new: Any) -> Any:
        if isinstance(old, SecretRef) and isinstance(new, SecretRef):
            return old
        if isinstance(old, tuple) and isinstance(new, tuple):
            by_name = {_key(item): item for item in old}
            return tuple(walk(by_name.get(_key(item)), item) for item in new)
        if is_dataclass(new) and not isinstance(new, type) and type(old) is type(new):
            changed = {f.name: walk(getattr(old, f.name), getattr(new, f.name)) for f in fields(new)}
            return replace(new, **changed)
        return new

    result: DeviceModel = walk(intent, merged)
    return result


def _key(item: object) -> object:
    for name in ("name", "seq", "prefix", "id"):
        value = getattr(item, name, None)
        if value is not None:
            return type(item).__name__, value, getattr(item, "version", None)
    return item


def _differences(part: str, old: Any, new: Any) -> Iterator[Adopted]:
    """Where two models differ, down to fields; list items by their name."""
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new):
        for one in fields(old):
            yield from _differences(f"{part}.{one.name}".lstrip("."), getattr(old, one.name), getattr(new, one.name))
    elif isinstance(old, tuple) and isinstance(new, tuple) and all(is_dataclass(item) for item in (*old, *new)):
        before, after = {_key(i): i for i in old}, {_key(i): i for i in new}
        for key in [*before, *(key for key in after if key not in before)]:
            label = key[1] if isinstance(key, tuple) else ""
            yield from _differences(f"{part}[{label}]", before.get(key), after.get(key))
    else:
        yield Adopted(part, _plain(old), _plain(new))


def _blocks(old: DeviceModel, new: DeviceModel) -> Iterator[Adopted]:
    """Opaque blocks that are gone, then those that came: the same name with another text is both."""
    before, after = ({(block.context, block.text): block for block in model.opaque} for model in (old, new))
    for block in (one for key, one in before.items() if key not in after):
        yield Adopted(f"opaque[{block.name}]", _plain(block), None)
    for block in (one for key, one in after.items() if key not in before):
        yield Adopted(f"opaque[{block.name}]", None, _plain(block))


def _default(one: Field[Any]) -> object:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _plain(value: Any) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        # Only what is so by default may be left out: "not activated" is a statement where the default is activated.
        return {f.name: _plain(found) for f in fields(value) if (found := getattr(value, f.name)) != _default(f)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
