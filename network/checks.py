"""Checks that engineers attach to devices: the key ``checks`` of the configuration context, and their Python functions.

Contexts are written by people, so what cannot be read is refused when a context is written (the inventory asks
:func:`wrong_in_context`), and once more, by the context's name, when a plan needs it. Functions stand in
``<state>/checks/*.py``, as rules of policy stand in ``<state>/policies``: whoever may write there already is Irisplane.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from core.errors import InvalidInput
from core.settings import get_settings
from inventory.device_context import contexts_of
from network.expectations import Check, Ping

__all__ = ["must_be_readable", "own_checks", "ping_targets", "wrong_in_context"]

_CHECKS: Final = TypeAdapter(list[Check])
_HINT: Final = "See docs/checks.md for the form of a check."
_LOADED: dict[Path, int] = {}
_LOADING: Final = threading.Lock()


def own_checks(context: Mapping[str, Any], device: str) -> list[Check]:
    """The checks in a device's merged context.

    Raises:
        InvalidInput: they cannot be read, or their functions cannot be loaded.
    """
    value = context.get("checks")
    if not value:
        return []
    for place, sentence in wrong_in_context(value):
        raise InvalidInput(f"The checks of {device}, at {place}: {sentence}.", hint=_HINT, device=device)
    return _CHECKS.validate_python(value)


def wrong_in_context(value: object) -> list[tuple[str, str]]:
    """What is wrong with the value of ``checks``: JSON pointers below it, each with a sentence."""
    if not isinstance(value, list):
        return [("", "checks are a list")]
    try:
        _load_functions()
        _CHECKS.validate_python(value)
    except InvalidInput as error:
        return [("", error.message.rstrip("."))]
    except ValidationError as error:
        return [
            ("".join(f"/{part}" for part in _place(one["loc"])), one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    return []


def must_be_readable(tx: Connection, device_ids: Sequence[UUID]) -> None:
    """Refuse to plan for devices whose contexts hold checks that cannot be read.

    Raises:
        InvalidInput: names the context, and the place in it.
    """
    told: set[str] = set()
    for contexts in contexts_of(tx, device_ids).values():
        for context in contexts:
            if context.name in told:
                continue
            told.add(context.name)
            for key in ("checks", "+checks"):
                for place, sentence in wrong_in_context(context.data.get(key) or []):
                    raise InvalidInput(
                        f"The configuration context {context.name}, at /{key}{place}: {sentence}.",
                        hint=f"Correct it with 'irisplane context set'. {_HINT}",
                        context=context.name,
                    )


def ping_targets(checks: Sequence[Check]) -> list[str]:
    """The addresses that these checks ask a device to ping."""
    return sorted({check.target for check in checks if isinstance(check, Ping)})


def _place(loc: tuple[int | str, ...]) -> Iterator[int | str]:
    """Pydantic names the chosen kind of check between the index and the field; people did not write that."""
    for depth, part in enumerate(loc):
        if depth != 1 or isinstance(part, int):
            yield part


def _load_functions() -> None:
    """Load the files of functions that are new, or were written since.

    Raises:
        InvalidInput: a file does not load; names it.
    """
    folder = get_settings().state_dir / "checks"
    with _LOADING:
        for path in sorted(folder.glob("*.py")):
            written = path.stat().st_mtime_ns
            if _LOADED.get(path) == written:
                continue
            spec = importlib.util.spec_from_file_location(f"irisplane_checks_{path.stem}", path)
            assert spec is not None, "a .py file always has a loader"
            assert spec.loader is not None, "as above"
            try:
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
            except Exception as error:
                raise InvalidInput(
                    f"The check functions in {path.name} do not load: {type(error).__name__}: {error}.",
                    hint=f"Correct {path.name}, or take it out of the folder 'checks'.",
                    file=path.name,
                ) from error
            _LOADED[path] = written
