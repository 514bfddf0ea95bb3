"""What a form brought: its fields as typed, so that a form which is refused comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import MalformedBody
from api.problems import pointer_of
from core.errors import InvalidInput

__all__ = ["KEPT_BACK", "Form", "filled", "form_of"]

Filled = TypeVar("Filled", bound=BaseModel)

KEPT_BACK: Final = frozenset({"csrf_token"})
"""Fields that belong to the session and not to the person who types."""

_MOST: Final = 200


class Form(Mapping[str, str]):
    """Fields by name; the first where several came, all by ``all_of``."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self.pairs = pairs or []
        self._first: dict[str, str] = {}
        for name, value in self.pairs:
            self._first.setdefault(name, value)

    def __getitem__(self, name: str) -> str:
        return self._first[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def text(self, name: str, otherwise: str = "") -> str:
        """A field without the spaces around it."""
        return self._first.get(name, otherwise).strip()

    def all_of(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self.pairs if key == name]

    @property
    def key(self) -> str:
        """The form's own key: sent twice, it does its work once. A new one for a form that is shown first."""
        given = self.text("key")
        return given if 1 <= len(given) <= 64 and given.isalnum() else uuid4().hex

    def typed(self) -> list[tuple[str, str]]:
        """What is to be kept when the form has to be sent again."""
        return [(name, value) for name, value in self.pairs if name not in KEPT_BACK]


def filled(model: type[Filled], values: Mapping[str, Any]) -> Filled:
    """What a form brought, as the API takes it.

    Raises:
        InvalidInput: points at the first field that cannot be taken.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as refused:
        first = refused.errors()[0]
        raise InvalidInput(str(first["msg"]).removeprefix("Value error, "), pointer=pointer_of(first["loc"])) from None


def form_of(request: Request) -> Form:
    """The form in a request's body; an empty one where there is none.

    Raises:
        MalformedBody: not a form, not UTF-8, too many fields, or a NUL character.
    """
    body: bytes = request.state.body
    if not body:
        return Form()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise MalformedBody("This page takes forms.", hint="Programs use the API: /docs.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MOST
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedBody("The form cannot be read.") from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise MalformedBody("The form holds a NUL character, which cannot be stored as text.")
    return Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])
