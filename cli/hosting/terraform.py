"""`irisplane terraform`: states that are kept here, and what a configuration needs to use them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import ask
from cli.client import Client, connect
from cli.errors import WAITING, ApiProblem, Ended
from core.errors import NotFound

__all__ = ["app"]

app = App(name="terraform", help="Terraform: states that are kept here, backend, provider.")
state = App(name="state", help="Terraform states: who holds them, their versions, and bringing one back.")
app.command(state)

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]
Flag = Parameter(negative="")

_BACKEND = """\
terraform {{
  backend "http" {{
    address        = "{address}"
    lock_address   = "{address}/lock"
    unlock_address = "{address}/lock"
    lock_method    = "PUT"
    unlock_method  = "DELETE"
  }}
}}"""

_ACCESS = """\
Save it as backend.tf, and let Terraform sign in with a token of yours:
  export TF_HTTP_USERNAME=irisplane
  export TF_HTTP_PASSWORD=$(irisplane token create terraform --scope hosting:read --scope hosting:write)"""

_TELL = """\
Provider {version} is in place. Save these lines as ~/.terraformrc (or name their file in TF_CLI_CONFIG_FILE), and write
into the configuration:
  terraform {{
    required_providers {{
      irisplane = {{ source = "brussels/irisplane" }}
    }}
  }}"""


@app.command
def backend(name: str) -> None:
    """The backend block that keeps a configuration's state here, ready to paste.

    Args:
        name: of the state, website-production: one for each configuration.
    """
    with connect() as client:
        _check(client, name)
        address = f"{client.access.url}{_path(name)}"
    block = _BACKEND.format(address=address)
    output.give({"address": address, "block": block}, lambda: print(block))
    output.notice(_ACCESS)


@app.command
def install_provider(folder: Path) -> None:
    """Lay the provider where Terraform finds it, with an environment of its own, and say how Terraform is told.

    Args:
        folder: where; ~/.local/share/irisplane-terraform, for example.
    """
    from cli.hosting.provider_install import lay

    laid = lay(folder)
    given = {"version": laid.version, "mirror": str(laid.mirror), "configuration": laid.configuration}
    output.give(given, lambda: print(laid.configuration, end=""))
    output.notice(_TELL.format(version=laid.version))


@state.command(name="list")
def list_(*, deleted: Annotated[bool, Flag] = False) -> None:
    """Your administration's states, and who holds their locks.

    Args:
        deleted: also those that were deleted and can be restored.
    """
    with connect() as client:
        found = client.items("/api/v1/terraform/state", deleted="true" if deleted else None)
    rows = [{**one, "held": _held(one["lock"]), "when": output.local_time(one["written_at"])} for one in found]
    columns = {
        "name": "state",
        "version": "version",
        "kept": "kept",
        "bytes": "bytes",
        "when": "written at",
        "written_by": "by",
        "held": "locked by",
    }
    if deleted:
        columns["deleted_at"] = "deleted at"
    output.give(found, lambda: output.table(rows, columns, empty="No states."))


@state.command
def show(name: str, *, version: int | None = None, content: Annotated[bool, Flag] = False) -> None:
    """One state: its newest version, its lock; with --content what stands in it, passwords included.

    Args:
        version: an earlier one, by its number.
    """
    with connect() as client:
        if content:
            path = _path(name) if version is None else f"{_path(name)}/versions/{version}"
            sys.stdout.write(client.text(path))
            return
        found = _one(client, name) if version is None else _version(client, name, version)
    held = found.pop("lock", None)
    pairs = [
        *((key.replace("_", " "), output.local_time(value) if key.endswith("_at") else value)
          for key, value in found.items()),
        ("locked by", _held(held)), ("locked since", output.local_time(held["held_since"]) if held else ""),
        ("lock", held["ID"] if held else ""), ("operation", held["Operation"] if held else ""),
    ]  # fmt: skip
    output.give({**found, "lock": held}, lambda: output.facts(pairs))


@state.command
def versions(name: str) -> None:
    """The versions that are kept, newest first."""
    with connect() as client:
        found = client.items(f"{_path(name)}/versions")
    rows = [{**one, "when": output.local_time(one["written_at"])} for one in found]
    columns = {
        "version": "version",
        "serial": "serial",
        "bytes": "bytes",
        "when": "written at",
        "written_by": "by",
        "terraform_version": "Terraform",
        "restored_from": "restored from",
    }
    output.give(found, lambda: output.table(rows, columns))


@state.command
def restore(name: str, version: int, *, yes: Annotated[bool, Flag] = False, reason: Reason = None) -> None:
    """Make an earlier version the newest one. What Terraform manages is not touched: plan after it.

    Args:
        version: its number, as 'irisplane terraform state versions' shows it.
        yes: do not ask.
    """
    with connect() as client:
        newest = client.items(f"{_path(name)}/versions", most=1)[0]["version"]
        if not yes and not ask(f"Put version {version} of {name} in place of version {newest}?"):
            output.notice("Nothing was restored.")
            raise Ended(WAITING)
        made = client.request(
            "POST", f"{_path(name)}/versions/{version}:restore", match=f'"{newest}"', reason=reason
        ).json()
    output.give(made, lambda: output.say(f"{name} is as version {version} was; this is version {made['version']}."))


@state.command
def unlock(name: str, *, yes: Annotated[bool, Flag] = False, reason: Reason = None) -> None:
    """Free the lock that a run which was killed left behind.

    Args:
        yes: do not ask.
    """
    with connect() as client:
        held = client.get(f"{_path(name)}/lock")
        since = output.local_time(held["held_since"])
        if not yes and not ask(f"{name} is locked by {_held(held)} since {since}. Free it?"):
            output.notice("It stays locked.")
            raise Ended(WAITING)
        made = client.request("DELETE", f"{_path(name)}/lock", body={"ID": held["ID"]}, reason=reason).json()
    output.give({**made, "freed": held}, lambda: output.say(f"{name} is free; {_held(held)} held it since {since}."))


@state.command
def delete(
    name: str, *, purge: Annotated[bool, Flag] = False, yes: Annotated[bool, Flag] = False, reason: Reason = None
) -> None:
    """Delete a state; for 30 days a version of it can be restored. What Terraform manages stays as it is.

    Args:
        purge: forget every version at once.
        yes: do not ask.
    """
    what = "and every version of it, at once" if purge else "(a version can be restored for 30 days)"
    if not yes and not ask(f"Delete the state {name} {what}?"):
        output.notice("Nothing was deleted.")
        raise Ended(WAITING)
    with connect() as client:
        made = client.request("DELETE", _path(name), query={"purge": "true" if purge else None}, reason=reason).json()
    output.give(made, lambda: output.say(f"{name} is {'gone' if purge else 'deleted'}."))


def _check(client: Client, name: str) -> None:
    """Hear a no to the name or the token now, not from Terraform later."""
    try:
        client.get(f"{_path(name)}/lock")
    except ApiProblem as problem:
        if problem.status != 404:
            raise


def _one(client: Client, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.items("/api/v1/terraform/state", name=name, deleted="true")
    if not found:
        raise NotFound(f"There is no state {name!r}.", hint="'irisplane terraform state list' shows yours.")
    return found[0]


def _version(client: Client, name: str, number: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.items(f"{_path(name)}/versions")
    for one in found:
        if one["version"] == number:
            return one
    raise NotFound(
        f"{name} has no version {number}.",
        hint=f"'irisplane terraform state versions {name}' shows those that are kept.",
    )


def _held(lock: dict[str, Any] | None) -> str:
    return f"{lock['Who'] or 'a run'} ({lock['held_by']})" if lock else ""


def _path(name: str) -> str:
    return f"/api/v1/terraform/state/{quote(name, safe='')}"
