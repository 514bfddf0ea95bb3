"""Somebody of an administration who types what could run into every field of every form, as its pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from core.db import Database
from tests.api.people import Person
from tests.dashboards import standing
from tests.dashboards.browsing import Browser, Form, Page

__all__ = ["KEY", "PAYLOADS", "Planted", "everything_of", "plant"]

PAYLOADS = (
    '<script>ran=1</script>"><img src=x onerror=ran=1></textarea></pre></title><svg onload=ran=1>',
    "javascript:ran=1",
    "' onfocus='ran=1' planted {{7*7}}<%=7*7%>{%raw%}\u202etxt.exe\u202c\u200bzero\u200d\u2066isolated\u2069\ufeff",
)
"""What runs where it is taken for markup, for an address, for an attribute or for a template; and what hides itself."""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl4"
_SHAPED = ("name", "handle", "size_gib", "granted", "cidr", "port_min", "port_max", "remote", "email", "ends")
"""Fields that only take what is of a form; elsewhere anything goes."""


@dataclass
class Planted:
    """What came of it: fields that were typed into, and how many forms were taken."""

    fields: set[tuple[str, str]] = field(default_factory=set)
    taken: int = 0
    answers: list[Page] = field(default_factory=list)


def everything_of(agent: Person, database: Database) -> dict[str, str]:
    """One of everything, by the place that its page stands under."""
    server = standing.server(database, "planted")
    volume = standing.volume(database, "planted")
    body = {"subject": "planted", "body": "planted", "resource": {"type": "server", "id": server}}
    quota = {"resource": "servers", "granted": 61, "project": "main", "reason": PAYLOADS[0]}
    return {
        "servers": server,
        "volumes": volume,
        "snapshots": standing.snapshot(database, volume, "planted", description=PAYLOADS[1]),
        "networks": standing.network(database, "planted", "10.94.0.0/24"),
        "addresses": standing.public_address(database, "203.0.113.95", description=PAYLOADS[2]),
        "security-groups": standing.group(database, "planted", description=PAYLOADS[0]),
        "support": agent.post("/api/v1/support-requests", json=body).json()["id"],
        "changes": agent.post("/api/v1/quotas", json=quota).json()["id"],
    }  # fmt: skip


def plant(browser: Browser, places: Iterable[str], payload: str) -> Planted:
    """Type a payload into every form of these pages: into every field, then into those that take anything."""
    done = Planted()
    for place in places:
        answer = browser.client.get(place)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        page = Page(answer)
        for form in page.forms:
            if form.method != "post" or not form.texts:
                continue
            done.fields |= {(form.action, name) for name in form.texts}
            done.answers.append(browser.send(form, action="order", **dict.fromkeys(form.texts, payload)))
            _store(browser, form, payload, done)
    return done


def _store(browser: Browser, form: Form, payload: str, done: Planted) -> None:
    typed = {**dict.fromkeys(form.texts, payload), **_shaped(form, payload)}
    answer = browser.send(form, action="preview", key=uuid4().hex, **typed)
    offered = [one for one in answer.forms if one.action == form.action and ("action", "order") in one.buttons]
    if offered and answer.status == 200:
        answer = browser.send(offered[0], action="order")
    done.answers.append(answer)
    done.taken += answer.status == 200


def _shaped(form: Form, payload: str) -> Mapping[str, str]:
    unique = f"p-{uuid4().hex[:8]}"
    told = {
        "name": unique, "handle": unique, "size_gib": "7" if "/volumes/" in form.action else "1", "granted": "62",
        "email": payload.replace(" ", "/").replace("@", "") + "@x.example", "ends": form.fields.get("ends", ""),
        "public_key": f"{KEY} {payload}", "metadata": f"note: {payload}", "tags": "tag",
    }  # fmt: skip
    chosen = {name: told.get(name, "") for name in _SHAPED if name in form.texts}
    chosen |= {name: told[name] for name in ("public_key", "metadata", "tags") if name in form.texts}
    if form.action == "/tokens":
        chosen["name"] = payload
    return chosen
