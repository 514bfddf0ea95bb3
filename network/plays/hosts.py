"""Who a play runs on: devices of the inventory as Ansible meets them, with the account of plays and its password.

What the inventory's API gives to anybody's Ansible is what our own plays run on. Where the account of plays is another
one than the driver's, the object ``ansible`` of the configuration context says so: ``user``, ``secret``, ``python``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.keyring import KeyFile
from core.secrets import SecretStore
from core.settings import get_settings
from inventory.discovery import inventory_of
from network.drivers.protocol import Target, Timeouts
from network.errors import NotOffered, NotReady
from network.fleet import Access, access
from network.plays.catalogue import Play
from network.plays.process import PlayHost
from network.plays.variables import filled

__all__ = ["Account", "account_of", "hosts_for", "target_of", "wrong_account"]

_PLATFORMS: Final = ("frr", "linux")
"""Platforms that are Debian below: Ansible's modules run on nothing else that we know."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of plays on a device."""

    user: str
    secret: str
    python: str = "/usr/bin/python3"


def account_of(reach: Access, context: Mapping[str, Any]) -> Account:
    """The account of plays: as the context says, else the driver's."""
    told = context.get("ansible")
    told = told if isinstance(told, Mapping) else {}
    return Account(
        str(told.get("user", reach.username)), str(told.get("secret", reach.secret_name)),
        str(told.get("python", "/usr/bin/python3")),
    )  # fmt: skip


def wrong_account(value: object) -> list[tuple[str, str]]:
    """What of a context's ``ansible`` could not be used; see ``Domain.context``."""
    if not isinstance(value, Mapping):
        return [("", "must be an object with user, secret and python")]
    known = ("user", "secret", "python")
    return [
        (f"/{name}", f"is not known: there are {', '.join(known)}" if name not in known else "must be a text")
        for name, inner in value.items()
        if name not in known or not isinstance(inner, str) or not inner
    ]


def hosts_for(
    tx: Connection, device_ids: Sequence[UUID], play: Play | None = None, variables: Mapping[str, Any] | None = None
) -> dict[UUID, PlayHost]:
    """Devices as a play meets them, with its variables.

    Args:
        variables: as ``network.plays.variables.checked`` gives them.
    Raises:
        NotReady: no address or log-in is known for one, or no host key was enrolled.
        NotOffered: one is no machine that Ansible's modules run on.
        NotFound: a secret is not in the store.
    """
    reached = access(tx, device_ids)
    _must_be_known(tx, device_ids, reached)
    told = inventory_of(tx, device_ids)
    hostvars: Mapping[str, dict[str, Any]] = told["_meta"]["hostvars"]
    groups: dict[str, list[str]] = {}
    for group, members in told.items():
        for name in members.get("hosts", ()):
            groups.setdefault(name, []).append(group)
    accounts = {key: account_of(reach, hostvars[reach.name]["irisplane_context"]) for key, reach in reached.items()}
    passwords = _passwords(tx, [(reached[key].tenant_id, account.secret) for key, account in accounts.items()])
    filled_of: dict[UUID, tuple[dict[str, Any], list[str]]] = {}
    out: dict[UUID, PlayHost] = {}
    for key, reach in reached.items():
        if play is not None and reach.tenant_id not in filled_of:
            filled_of[reach.tenant_id] = filled(tx, reach.tenant_id, play, variables or {})
        own, secrets = filled_of.get(reach.tenant_id, ({}, []))
        account = accounts[key]
        out[key] = PlayHost(
            name=reach.name,
            address=reach.host,
            port=reach.port,
            user=account.user,
            password=passwords[reach.tenant_id, account.secret],
            host_keys=(str(reach.host_key),),
            groups=tuple(groups.get(reach.name, ())),
            variables={**_known(hostvars[reach.name]), **own},
            secrets=tuple(secrets),
            python=account.python,
        )
    return out


def target_of(host: PlayHost) -> Target:
    """The same host for who speaks to it over SSH directly."""
    return Target(
        name=host.name, host=host.address, port=host.port, username=host.user, password=host.password,
        host_keys=host.host_keys, timeouts=replace(Timeouts(), connect=10.0, banner=15.0, log_in=20.0),
    )  # fmt: skip


def _known(hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """What our inventory says of a host; how to reach it is written by whoever starts the play."""
    return {name: value for name, value in hostvars.items() if not name.startswith("ansible_")}


def _must_be_known(tx: Connection, device_ids: Sequence[UUID], reached: Mapping[UUID, Access]) -> None:
    missing = [one for one in device_ids if one not in reached]
    if missing:
        names = tx.execute(text("select name from device where id = any(:ids)"), {"ids": missing}).scalars()
        raise NotReady(f"No way to log in is known for {', '.join(sorted(names))}.", devices=[str(m) for m in missing])
    foreign = sorted(reach.name for reach in reached.values() if reach.platform not in _PLATFORMS)
    if foreign:
        raise NotOffered(
            f"A play runs on Debian machines, and {', '.join(foreign)} is none.",
            hint=f"Select platforms: --select 'platform={'|'.join(_PLATFORMS)},…'.",
            devices=foreign,
        )
    strange = sorted(reach.name for reach in reached.values() if not reach.host_key)
    if strange:
        raise NotReady(
            f"No host key is enrolled for {', '.join(strange)}.",
            hint="Enrol it with 'irisplane config enrol'.",
            devices=strange,
        )


def _passwords(tx: Connection, wanted: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
    store = SecretStore(KeyFile(get_settings().key_file))
    by_tenant: dict[UUID, set[str]] = {}
    for tenant, name in wanted:
        by_tenant.setdefault(tenant, set()).add(name)
    return {
        (tenant, name): value.reveal()
        for tenant, names in by_tenant.items()
        for name, value in store.get_many(tx, tenant, sorted(names)).items()
    }
