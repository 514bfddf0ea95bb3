"""From what a page shows to HTML: one environment a language, and the frame around every page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy import text

from api.dependencies import settings_of
from core.errors import IrisplaneError
from core.scope import EVERY_TENANT, Scope
from dashboards.acts import in_words as in_words_of
from dashboards.formats import Formats
from dashboards.languages import LANGUAGES, catalogue, language_of
from dashboards.sentences import DICTIONARY, said, spoken
from dashboards.terms import TERMS, TONES
from dashboards.visit import Visit

__all__ = ["Frame", "environment", "frame_of", "in_words", "show", "show_bare"]

Frame = Mapping[str, Any]
"""What the frame shows of who looks: name, administration, language, where they may go, how much waits for them."""

_ENTRIES: Final = (
    ("/", "home", None),
    ("/changes", "changes", "change:read"),
    ("/map", "map", "network:read"),
    ("/devices", "devices", "network:read"),
    ("/servers", "servers", "hosting:read"),
    ("/holdings", "holdings", "hosting:read"),
    ("/support", "support", "hosting:read"),
    ("/figures", "figures", "platform:read"),
    ("/audit", "audit", "audit:read"),
)
"""Address, name and scope of each entry of the navigation."""

_PART_OF: Final = {
    "/contexts": "/devices", "/contexts:new": "/devices", "/capacity": "/figures",
    "/plant": "/map", "/impact": "/map", "/incidents": "/map", "/incidents:silence": "/map",
    "/services": "/holdings", "/services:new": "/holdings",
    "/push": "/devices", "/drift": "/devices", "/keys": "/servers", "/quota": "/", "/members": "/", "/tokens": "/",
    **dict.fromkeys(("/volumes", "/snapshots", "/networks", "/addresses", "/security-groups"), "/holdings"),
}  # fmt: skip
"""Places that have no entry of their own, and the entry they belong to."""

_WHO: Final = text("""
    select p.display_name, p.locale, t.name_fr, t.name_nl, t.name_en, t.code from principal p, tenant t
     where p.id = :principal and t.id = :tenant""")
_WAITING: Final = text("""
    select count(*) from change c where c.requested_by <> :person and c.state = 'waiting'
       and c.waiting_for && cast(:roles as text[])""")


@cache
def environment(language: str) -> jinja2.Environment:
    """The templates in a language. Everything is escaped; a name that a template misspells is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("dashboards", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words, formats = catalogue(language), Formats(language)
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.policies["ext.i18n.trimmed"] = True

    def term(name: object) -> str:
        known = DICTIONARY.get(str(name))
        return str(words.gettext(known)) if known else str(name)

    for name in (
        "number", "roughly", "euro", "memory", "moment", "clock", "ago", "lasting", "month", "day", "share", "measure",
        "bits", "all_of",
    ):  # fmt: skip
        made.filters[name] = getattr(formats, name)
    made.filters["term"] = term

    def sentence(english: str) -> Markup:
        return spoken(str(english), language)

    def hint(error: IrisplaneError) -> Markup:
        own = error.hints.get(language)
        return Markup("{}").format(own) if own else sentence(error.hint)

    def named(name: str) -> str:
        """Most names are nobody's language; a few are ``quota of ixelles``."""
        return said(name, language)[0]

    def known(english: str) -> bool:
        return language == "en" or said(english, language)[1] == language

    def act(action: str, *, of_a_change: bool = False) -> Markup:
        found = in_words_of(action, language, of_a_change=of_a_change)
        return Markup("{}").format(found) if found else Markup("<code>{}</code>").format(action)

    made.filters |= {"sentence": sentence, "hint": hint, "named": named, "known": known, "act": act}
    made.filters["english"] = lambda name: TERMS.get(name, name)
    made.globals |= {
        "asset": asset, "integrity": integrity, "language": language, "languages": LANGUAGES,
        "percent": formats.percent,
        "tone": lambda name: TONES.get(name, "calm"), "kept_query": kept_query,
    }  # fmt: skip
    return made


def show(visit: Visit, template: str, title: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the frame of who looks; ``title`` is translated."""
    frame = frame_of(visit)
    words = catalogue(frame["language"])
    return _answer(
        visit.request,
        frame,
        template,
        status=status,
        title=words.gettext(title),
        visit=visit,
        csrf=visit.csrf,
        **values,
    )


def show_bare(
    request: Request, template: str, title: str, *, status: int, language: str | None = None, **values: Any
) -> HTMLResponse:
    """A page for who has no session: no navigation, the browser's language unless another is given."""
    language = language or language_of(request, settings_of(request))
    frame: Frame = {"language": language, "entries": [], "name": None}
    title = catalogue(language).gettext(title)
    return _answer(request, frame, template, status=status, title=title, visit=None, csrf="", **values)


def frame_of(visit: Visit) -> Frame:
    """One look at who this is, and one at what waits for them where they decide anything; once for each request."""
    known: Frame | None = getattr(visit.request.state, "frame", None)
    if known is None:
        known = visit.request.state.frame = _looked_up(visit)
    return known


def _looked_up(visit: Visit) -> Frame:
    who = visit.principal
    with visit.database.transaction("api", Scope(EVERY_TENANT, who.id, visit.caller.request_id)) as tx:
        row = tx.execute(_WHO, {"principal": who.id, "tenant": who.tenant_id}).one()
    waiting = 0
    if visit.may("change:approve"):
        with visit.transaction() as tx:
            waiting = tx.execute(_WAITING, {"person": who.id, "roles": list(who.roles)}).scalar_one()
    language = language_of(visit.request, settings_of(visit.request), row.locale)
    first = "/" + visit.request.url.path.split("/")[1]
    place = _PART_OF.get(first, first)
    if place == "/figures" and who.roles == {"management"}:
        place = "/"  # their home
    return {
        "language": language,
        "name": row.display_name,
        "handle": who.handle,
        "tenant": getattr(row, f"name_{language}") or row.code,
        "roles": sorted(who.roles),
        "waiting": waiting,
        "entries": [
            {"href": href, "name": name, "here": place == href}
            for href, name, scope in _ENTRIES
            if (scope is None or visit.may(scope))
            and not (name == "figures" and who.roles == {"management"})
            and not (name == "support" and who.staff)  # from their home
            and not (name == "audit" and "auditor" not in who.roles)  # others find it at the foot
        ],
    }


def in_words(visit: Visit, name: str) -> str:
    """What the code names, in the language of who looks: why something was done, when they do not say."""
    return str(catalogue(frame_of(visit)["language"]).gettext(TERMS.get(name, name)))


def kept_query(request: Request, cursor: str) -> str:
    """The filters of this list in the address of its next page."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
    return urlencode([*kept, ("cursor", cursor)])


def asset(name: str) -> str:
    """The address of a file of ours; another one as soon as the file is another one, so browsers may keep it."""
    return f"/static/web/{name}?v={_digest(name)}"


def integrity(name: str) -> str:
    """The hash of a vendored file, for the page that loads it."""
    return str(_vendored()[name]["integrity"])


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((files("dashboards") / "static" / name).read_bytes()).hexdigest()[:12]


@cache
def _vendored() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((files("dashboards") / "static/vendor/vendored.json").read_text("utf-8"))
    return found


def _answer(request: Request, frame: Frame, template: str, *, status: int, **values: Any) -> HTMLResponse:
    made = environment(frame["language"]).get_template(f"{template}.html.j2")
    body = made.render(frame=frame, path=request.url.path, request_id=str(request.state.request_id), **values)
    return HTMLResponse(body, status_code=status, headers={"Vary": "Accept-Language, Cookie, HX-Request"})
