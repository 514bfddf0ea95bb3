"""The notice of works on the plant: what it says and whom it touches follow from what breaks while they last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from core.errors import InvalidInput
from datacenter.hosting.support.maintenance import Impact, Touch
from orchestrator.plan import JsonObject

__all__ = ["drafted"]

_TITLES: Final = {
    "fr": "Travaux sur le réseau de fibre : {what}",
    "nl": "Werken aan het glasvezelnet: {what}",
    "en": "Works on the fibre network: {what}",
}
_TEXTS: Final[Mapping[Impact, Mapping[str, str]]] = {
    "interrupted": {
        "fr": "Circuits hors service pendant ces travaux : {down}. Sites hors service : {sites}."
        " Circuits qui continuent par un autre chemin ou sans chemin de secours : {kept}.",
        "nl": "Circuits buiten dienst tijdens deze werken: {down}. Sites buiten dienst: {sites}."
        " Circuits die verder lopen over een andere weg of zonder reserveweg: {kept}.",
        "en": "Circuits out of service during these works: {down}. Sites out of service: {sites}."
        " Circuits that go on over another way or without a second one: {kept}.",
    },
    "degraded": {
        "fr": "Rien n'est hors service. Circuits qui n'ont qu'un chemin pendant ces travaux : {kept}.",
        "nl": "Niets is buiten dienst. Circuits die tijdens deze werken maar één weg hebben: {kept}.",
        "en": "Nothing is out of service. Circuits that have one way only during these works: {kept}.",
    },
}
_IDS: Final = text("""
select 'circuit' as type, id::text from circuit where code = any(:circuits)
union all select 'service', id::text from service where code = any(:services)
union all select 'site', id::text from site where code = any(:sites)
""")
_MOST_IDS: Final = 1000


def drafted(tx: Connection, found: JsonObject, what: Sequence[str]) -> tuple[dict[str, Any], list[Touch]]:
    """Titles, texts and impact of the notice, and what it touches, from what :func:`network.impact.answer.impact` gave.

    Args:
        what: what is worked on, for the title.
    Raises:
        InvalidInput: nothing of anybody is touched.
    """
    circuits, sites = found["circuits"], [row for row in found["sites"] if row["state"] != "protected"]
    services = found["services"]
    if not circuits and not sites and not services:
        raise InvalidInput(
            "Nothing that is known of is touched by these works: nobody needs a notice.",
            hint="Ask for the impact first, and name what is really taken out of service.",
            pointer="/of",
        )
    down = [row for row in circuits if row["state"] == "down"]
    dark = [row for row in sites if row["state"] == "down"]
    cut = [row for row in services if row["state"] == "down"]
    impact: Impact = "interrupted" if down or dark or cut else "degraded"
    counted = {"down": len(down), "sites": len(dark), "kept": len(circuits) - len(down)}
    name = ", ".join(what[:3]) + ("…" if len(what) > 3 else "")
    facts: dict[str, Any] = {"impact": impact}
    for language, title in _TITLES.items():
        facts[f"title_{language}"] = title.format(what=name)[:200]
        facts[f"text_{language}"] = _TEXTS[impact][language].format(**counted)
    touched = {"circuits": circuits, "services": services, "sites": sites}
    rows = tx.execute(_IDS, {name: [row["code"] for row in every] for name, every in touched.items()}).all()
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(row.type, []).append(row.id)
    touches = [
        Touch.model_validate({"type": kind, "ids": part})
        for kind, known in sorted(ids.items())
        for part in _parts(known)
    ]
    return facts, touches


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[n : n + _MOST_IDS] for n in range(0, len(ids), _MOST_IDS)]
