"""Walk the OpenAPI document: requests to every address with values where something is named, and how to compare."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from tests.api.people import Person

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method at one address of the document.

    Attributes:
        named: path parameter → where it stands, ``changes/change_id``.
        query: names of query parameters, without those that take given words only.
        body: JSON schema of the body, references followed at the top; ``None`` without a body of JSON.
    """

    method: str
    path: str
    named: dict[str, str]
    query: tuple[str, ...]
    body: dict[str, Any] | None
    document: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def address(self, values: Mapping[str, str]) -> str:
        """The path with values in place of its parameters."""
        return re.sub(r"\{(\w+)\}", lambda match: quote(values[match[1]], safe=""), self.path)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation that the document knows."""
    for path, verbs in document["paths"].items():
        for method in METHODS:
            if method not in verbs:
                continue
            shown = [entry for entry in verbs[method].get("parameters", []) if "$ref" not in entry]
            content = verbs[method].get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield Operation(
                method,
                path,
                _named(path),
                tuple(
                    entry["name"] for entry in shown if entry["in"] == "query" and _is_free(entry["schema"], document)
                ),
                None if schema is None else follow(schema, document),
                document,
            )


def _named(path: str) -> dict[str, str]:
    """Each path parameter, with what stands before it."""
    parts = [re.sub(r"[{}]|:\w.*", "", part) for part in path.split("/")]
    return {
        parts[place]: f"{parts[place - 1]}/{parts[place]}"
        for place, part in enumerate(path.split("/")) if part.startswith("{")
    }  # fmt: skip


def follow(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without references at its top; of several possible ones the first object."""
    found: Mapping[str, Any] = schema
    while True:
        if "$ref" in found:
            found = document["components"]["schemas"][found["$ref"].rsplit("/", 1)[1]]
            continue
        options = [follow(one, document) for word in ("anyOf", "oneOf", "allOf") for one in found.get(word, [])]
        if not options:
            return dict(found)
        real = [one for one in options if one.get("type") != "null"]
        found = next((one for one in real if "properties" in one), real[0] if real else options[0])


def _is_free(schema: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    found = follow(schema, document)
    inside = follow(found["items"], document) if isinstance(found.get("items"), Mapping) else found
    return not {"enum", "const"} & inside.keys()


def fields(
    schema: Mapping[str, Any], document: Mapping[str, Any], at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Every field that a body may have, as the way to it, and whether it takes ids alone; no choice of given words.

    On a way ``*`` is the first entry of a list.
    """
    schema = follow(schema, document)
    for name, below in schema.get("properties", {}).items():
        if not _is_free(below, document):
            continue
        inside = follow(below, document)
        yield (*at, name), "uuid" in {inside.get("format"), follow(inside.get("items", {}), document).get("format")}
        yield from fields(below, document, (*at, name))
    if isinstance(schema.get("items"), Mapping):
        yield from fields(schema["items"], document, (*at, "*"))


def smallest(
    schema: Mapping[str, Any],
    document: Mapping[str, Any],
    good: Mapping[str, Any],
    name: str = "",
    way: tuple[str, ...] = (),
) -> Any:
    """The smallest value that the schema takes, with everything on the way to one field.

    Args:
        good: field → value that is taken where the schema alone does not say which is.
        way: a field that has to be there; its own value is set by the caller.
    """
    if name in good and not way:
        return good[name]
    schema = follow(schema, document)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        wanted = {*schema.get("required", ()), *way[:1]} & schema.get("properties", {}).keys()
        return {
            key: smallest(schema["properties"][key], document, good, key, way[1:] if key in way[:1] else ())
            for key in sorted(wanted)
        }
    if kind == "array":
        entry = schema.get("items", {})
        count = 1 if way else schema.get("minItems", 0)
        return [smallest(entry, document, good, name, way[1:]) for _ in range(count)]
    if kind in {"integer", "number"}:
        return max(schema.get("minimum", 1), 1)
    texts = {"uuid": str(uuid4()), "date-time": "2031-01-01T00:00:00Z"}
    return False if kind == "boolean" else texts.get(schema.get("format", ""), "x" * max(schema.get("minLength", 1), 1))


def put(body: Any, way: tuple[str, ...], value: Any) -> Any:
    """The body with a value in one field."""
    made = json.loads(json.dumps(body))
    place = made
    for step in way[:-1]:
        place = place[0 if step == "*" else step]
    place[0 if way[-1] == "*" else way[-1]] = [value] if isinstance(place[way[-1]], list) else value
    return made


# --------------------------------------------------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Said:
    """An answer without what was asked for, and how many statements it took."""

    status: int
    body: str
    statements: int


def say(person: Person, method: str, address: str, hidden: tuple[str, ...], **sent: Any) -> Said:
    """Send a request; ``hidden`` are the values that may stand in the answer only because they were sent."""
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*"}
    with counting() as statements:
        answer = person.send(method.upper(), address, headers=headers, **sent)
    told = answer.text
    if answer.headers.get("content-type", "").partition(";")[0] in {"application/json", "application/problem+json"}:
        body = answer.json()
        if isinstance(body, dict):
            body.pop("request_id", None)
        told = json.dumps(body, sort_keys=True, ensure_ascii=False)
    parts = {part for value in hidden for part in (value, value.partition("=")[2]) if part}
    for value in sorted(parts, key=len, reverse=True):
        for form in (json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe=""), value, quote(value)):
            told = told.replace(form, "<it>")
    return Said(answer.status_code, told, len(statements))


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that were executed meanwhile; opening the door is counted for nobody, it is remembered."""
    seen: list[str] = []

    def note(_c: Connection, _cursor: object, statement: str, _p: object, _x: object, _m: bool) -> None:
        if "authenticate_token" not in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
