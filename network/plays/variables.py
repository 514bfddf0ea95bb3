"""Variables of a play: what somebody asks for, held against what the play takes; secrets are named, filled at the end.

A value that Ansible would read as a template is refused: variables are data, and a template runs on our own machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from core.errors import InvalidInput
from core.keyring import KeyFile
from core.secrets import SecretStore
from core.settings import get_settings
from network.plays.catalogue import Play
from network.render.placeholders import PLACEHOLDER

__all__ = ["checked", "filled", "names_of_secrets"]

_REFERENCE: Final = re.compile(r"""^\{\{ *secret\((['"])([^'"<>\s]+)\1\) *\}\}$""")
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\{#")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PLACE: Final = "/intent/variables"


def checked(play: Play, given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables as the play takes them: of the right kinds, with placeholders where secrets will stand.

    Raises:
        InvalidInput: names the variable, what is wrong with it, and what the play takes.
    """
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    unknown = sorted(given.keys() - play.options.keys())
    if unknown:
        raise InvalidInput(
            f"The play {play.name} takes no variable {unknown[0]!r}.",
            hint=f"It takes: {', '.join(play.options)}. 'irisplane play show {play.name}' says what each means.",
            pointer=f"{_PLACE}/{unknown[0]}",
        )
    ready = {name: _placed(value, play.options[name], f"{_PLACE}/{name}") for name, value in given.items()}
    for name, option in play.options.items():
        if option.get("required") and name not in ready:
            raise InvalidInput(
                f"The play {play.name} needs the variable {name!r}: {option['description']}",
                hint=f"'irisplane play show {play.name}' says what it looks like.",
                pointer=f"{_PLACE}/{name}",
            )
    result = ArgumentSpecValidator({name: dict(play.options[name]) for name in ready}).validate(ready)
    for message in result.error_messages:
        name = next((one for one in ready if re.search(rf"\b{re.escape(one)}\b", message)), "")
        raise InvalidInput(
            f"The play {play.name} refuses its variables: {message}.",
            hint=f"'irisplane play show {play.name}' says what each variable may be.",
            pointer=f"{_PLACE}/{name}" if name else _PLACE,
        )
    right: dict[str, Any] = _without_nothing({name: result.validated_parameters[name] for name in ready})
    return right


def names_of_secrets(variables: Any) -> set[str]:
    """The secrets that checked variables refer to."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(PLACEHOLDER.findall(text))
        return text

    _each(variables, note)
    return found


def filled(
    tx: Connection, tenant_id: UUID, play: Play, variables: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Checked variables with a tenant's secrets in their places, each under its role's name; and the secrets' values.

    Raises:
        NotFound: a secret is not in the store.
    """
    names = sorted(names_of_secrets(variables))
    values: dict[str, str] = {}
    if names:
        store = SecretStore(KeyFile(get_settings().key_file))
        values = {name: value.reveal() for name, value in store.get_many(tx, tenant_id, names).items()}
    ready = _each(dict(variables), lambda text: PLACEHOLDER.sub(lambda match: values[match[1]], text))
    return {f"{play.role}_{name}": value for name, value in ready.items()}, list(values.values())


def _placed(value: Any, option: Mapping[str, Any], where: str) -> Any:
    if isinstance(value, Mapping):
        inner = option.get("options") or {}
        return {str(_plain(str(k), where)): _placed(v, inner.get(k) or {}, f"{where}/{k}") for k, v in value.items()}
    if isinstance(value, list):
        inner = {"options": option.get("options") or {}, "no_log": option.get("no_log", False)}
        return [_placed(one, inner, f"{where}/{number}") for number, one in enumerate(value)]
    secret = _REFERENCE.match(value) if isinstance(value, str) else None
    if secret:
        return f"<secret-ref:{secret[2]}>"
    if option.get("no_log"):
        raise InvalidInput(
            f"{where.rpartition('/')[2]!r} is a secret: it is not written here, but named.",
            hint="Store it with 'irisplane secret set NAME' and write {{ secret('NAME') }} in its place.",
            pointer=where,
        )
    return _plain(value, where)


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, str) and _TEMPLATE.search(value):
        raise InvalidInput(
            f"{where.removeprefix(_PLACE + '/')}: a variable is no template.",
            hint="Write the value itself; a secret as {{ secret('NAME') }}, and nothing beside it.",
            pointer=where,
        )
    if isinstance(value, str) and (PLACEHOLDER.search(value) or _CONTROL.search(value)):
        raise InvalidInput(
            f"{where.removeprefix(_PLACE + '/')} holds characters that no variable may hold.", pointer=where
        )
    return value


def _without_nothing(value: Any) -> Any:
    """Without what nobody gave: the validator writes each inner option that is absent as nothing."""
    if isinstance(value, Mapping):
        return {name: _without_nothing(inner) for name, inner in value.items() if inner is not None}
    return [_without_nothing(inner) for inner in value] if isinstance(value, list) else value


def _each(value: Any, act: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _each(inner, act) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each(inner, act) for inner in value]
    return act(value) if isinstance(value, str) else value
