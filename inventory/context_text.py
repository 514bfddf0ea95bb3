"""Data of a configuration context as people write them: YAML, of which JSON is a part, to data and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from core.errors import InvalidInput

__all__ = ["data_of", "text_of"]

_HINT = "Names and values, for example 'ntp: {servers: [192.0.2.1]}'."


def data_of(text: str, pointer: str = "/data") -> dict[str, Any]:
    """What a text says.

    Raises:
        InvalidInput: neither JSON nor YAML (with line and column), no names and values, an alias (a few lines of them
            become gigabytes), or something that JSON cannot hold.
    """
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise InvalidInput("Write it out: aliases (*name) are not taken.", pointer=pointer, hint=_HINT)
        found = yaml.safe_load(text)
        said = json.dumps(found, allow_nan=False)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInput(f"It is neither JSON nor YAML{where}.", pointer=pointer, hint=_HINT) from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            "It holds a value that JSON has no form for, such as a date.", pointer=pointer,
            hint="Put dates and times in quotes, and write names as text.",
        ) from None  # fmt: skip
    if not isinstance(found, dict):
        raise InvalidInput("Its data are names and values.", pointer=pointer, hint=_HINT)
    data: dict[str, Any] = json.loads(said)  # keys are text from here on
    return data


def text_of(data: Mapping[str, Any]) -> str:
    """Data as YAML: what ``data_of`` reads, long texts as blocks of lines."""
    return yaml.dump(dict(data), Dumper=_Readable, allow_unicode=True, sort_keys=False, width=100) if data else ""


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as lines, and nothing by alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as in the class above
        return True


def _lines(dumper: yaml.SafeDumper, said: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", said, style="|" if "\n" in said else None)


_Readable.add_representer(str, _lines)
