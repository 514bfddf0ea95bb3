"""`irisplane fibre works`: the notice of works on the plant, drafted from what breaks while they last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.fibre.losing import Losing
from cli.hosting.maintenance import show_notice

__all__ = ["works"]

_NOTHING: Final = Losing()


def works(
    losing: Losing = _NOTHING,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    until: str,
    reason: Annotated[str, Parameter(name=["--reason", "-r"])] = "works on the plant",
) -> None:
    """Draft the maintenance notice of works: in three languages, to everybody whom they touch. Nobody is told yet.

    Args:
        losing: what is taken out of service.
        from_: when it begins, for example 2027-01-31T22:00.
        until: when it ends.
        reason: why: it stands in the journal for good.
    """
    body = {**losing.body(), "begins": moment(from_), "ends": moment(until)}
    with connect() as client:
        made = client.post("/api/v1/fibre/works", body, reason=reason)
    output.give(made, lambda: _show(made))


def _show(made: Mapping[str, Any]) -> None:
    show_notice(made)
    output.notice(f"Nobody is told before 'irisplane maintenance announce {made['id']}'.")
