"""`irisplane fibre impact`: what breaks if something of the plant is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.fibre.losing import Losing

__all__ = ["impact"]

_NOTHING: Final = Losing()
_SAID: Final = {
    "down": "down",
    "protected": "goes on over another way",
    "degraded": "goes on, protection lost",
}
_COUNTED: Final = {
    "down": "down",
    "degraded": "go on without protection",
    "protected": "go on over another way",
}
_MOST: Final = 30


def impact(
    losing: Losing = _NOTHING, /, *, all_: Annotated[bool, Parameter(name=["--all", "-a"], negative="")] = False
) -> None:
    """What breaks if something is lost: strands, circuits, links, devices, sites, administrations. Alters nothing.

    Args:
        losing: what is lost.
        all_: every line of every table, instead of the first thirty.
    """
    with connect() as client:
        found = client.request("POST", "/api/v1/fibre/impact", body=losing.body()).json()
    output.give(found, lambda: _show(found, None if all_ else _MOST))


def _show(found: Mapping[str, Any], most: int | None) -> None:
    lost, users = found["lost"], found["users"]
    codes = [cable["code"] for cable in lost["cables"]]
    rest = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    basis = f"{users['sites_assumed']} sites assumed by kind, {users['sites_known']} known"
    go_on = users["protected"] + users["degraded"]
    output.facts(
        (
            ("ducts", len(lost["ducts"]) or None),
            ("cables", ", ".join(codes[:10]) + rest),
            ("strands", f"{lost['strands']:,}, {lost['lit']:,} of them lit"),
            ("one feed left", ", ".join(lost["one_feed_left"])),
            ("people a day", f"about {users['down']:,} out of service, {go_on:,} go on ({basis})"),
        )
    )
    _part(
        "Circuits", found["circuits"], {"code": "circuit", "tenant": "of", "state": "state", "strands": "strands"}, most
    )
    _part("Links", found["links"], {"name": "link"}, most)
    _part("Devices", found["devices"], {"name": "device", "role": "role", "site": "site", "state": "state"}, most)
    _part("Services", found["services"], {"code": "service", "kind": "kind", "tenant": "of", "state": "state"}, most)
    _part("Sites", found["sites"], {"code": "site", "kind": "kind", "name_fr": "name", "state": "state"}, most)
    _part("Administrations", found["tenants"], {"code": "code", "name_fr": "name", "state": "state"}, most)
    if not any(found[part] for part in ("circuits", "links", "devices", "services", "sites")):
        output.say("Nothing that is known of is touched.")
    if unknown := found["unknown"]["links_without_circuit"]:
        output.notice(f"{unknown} links have no circuit: nobody can say what they run over.")


def _part(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], most: int | None) -> None:
    if not rows:
        return
    counts = Counter(row["state"] for row in rows)
    told = ", ".join(f"{counts[state]:,} {words}" for state, words in _COUNTED.items() if counts[state])
    output.heading(f"{title}: {told}")
    shown = [
        {**row, "state": _SAID[row["state"]], "strands": ", ".join(row.get("strands", ())[:6])} for row in rows[:most]
    ]
    output.table(shown, columns)
    if most is not None and len(rows) > most:
        output.notice(f"… and {len(rows) - most:,} more: --all shows them.")
