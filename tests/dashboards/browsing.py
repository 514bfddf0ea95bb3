"""A browser without scripts: cookies, links, forms; what a person sees of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

__all__ = ["Browser", "Form", "Page", "read"]

_EMPTY = frozenset({"input", "meta", "link", "br", "hr", "img"})


@dataclass
class Form:
    """A form as it would be sent when nothing is altered.

    Attributes:
        buttons: name and value of each.
        texts: fields that anything can be typed into.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """What stands in a page."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer, self.status = answer, answer.status_code
        self.forms: list[Form] = []
        self.addresses: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: set[str] = set()
        self.language = ""
        self._text: list[str] = []
        self._select: tuple[str, bool] | None = None
        self._area: str | None = None
        self._form: Form | None = None
        self._skipped = 0
        self.feed(answer.text)

    @property
    def text(self) -> str:
        """What is read, in one line."""
        return " ".join(" ".join(self._text).split())

    def form(self, action: str) -> Form:
        """The form that is sent there."""
        found = [one for one in self.forms if one.action == action]
        assert found, f"no form for {action} among {[one.action for one in self.forms]}: {self.text[:500]}"
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes |= given.keys()
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("href", "src", "action", "formaction", "poster", "srcset", "data", "hx-get", "hx-post"):
            if given.get(name):
                self.addresses.append((tag, given[name]))
        if tag == "html":
            self.language = given.get("lang", "")
        if tag in {"script", "style"}:
            self._skipped += 1
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        if self._form is not None:
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name = given.get("name", "")
        if tag == "button":
            self._form.buttons.append((name, given.get("value", "")))
        elif tag == "input" and name and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self._form.fields[name] = given.get("value", "")
            if given.get("type", "text") in {"text", "search", "date"}:
                self._form.texts.add(name)
        elif tag == "select" and name:
            self._select = (name, False)
        elif tag == "option" and self._select is not None:
            select, chosen = self._select
            if "selected" in given or not (chosen or select in self._form.fields):
                self._form.fields[select] = given.get("value", "")
            self._select = (select, chosen or "selected" in given)
        elif tag == "textarea" and name:
            self._form.fields[name] = ""
            self._form.texts.add(name)
            self._area = name

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._skipped -= 1
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.fields[self._area] += data
        if not self._skipped:
            self._text.append(data)


def read(answer: Response) -> Page:
    """A page."""
    assert answer.headers["content-type"].startswith("text/html"), answer.text[:300]
    return Page(answer)


class Browser:
    """Somebody's browser: their cookies, and nothing that runs scripts."""

    def __init__(self, app: FastAPI, language: str = "en") -> None:
        self.client = TestClient(app, raise_server_exceptions=False, headers={"Accept-Language": language})
        self.client.headers["Accept"] = "text/html"

    def sign_in(self, token: str, following: str = "/") -> Page:
        """By the form of the sign-in page."""
        self.client.cookies.clear()
        answer = self.client.post("/sign-in/token", data={"token": token, "next": following})
        return read(answer)

    def speak(self, language: str) -> None:
        """Choose a language at the foot of a page."""
        form = self.open("/").form("/language")
        self.client.post("/language", data={**form.fields, "language": language})

    def open(self, address: str, **headers: str) -> Page:
        """Follow a link."""
        return read(self.client.get(address, headers=headers))

    def send(self, form: Form, /, to: str | None = None, **typed: str) -> Page:
        """Type into a form and send it."""
        return read(self.client.post(to or form.action, data={**form.fields, **typed}))
