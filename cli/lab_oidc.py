"""`irisplane lab oidc`: a real OpenID Connect provider on this machine, to sign in with."""

from __future__ import annotations

import os

from cyclopts import App

from cli import output

__all__ = ["app"]

app = App(name="oidc", help="The lab's identity provider: up, down.")


@app.command
def up() -> None:
    """Start it, and let Irisplane take its word. Needs Node 18 or newer; its packages are brought once."""
    from core.service_user import service_user
    from core.settings import get_settings
    from lab.oidc import control

    settings = get_settings()
    user = service_user(create=os.geteuid() == 0)
    report = control.up(settings.place, user, url=settings.url, issuers=settings.oidc_file)
    shown = {
        "issuer": report.issuer,
        "started": report.started,
        "sign_in": f"{settings.url}/sign-in",
        "people": str(report.people),
        "client_id": report.machine[0],
        "client_secret": report.machine[1],
        "resource": report.resource,
    }

    def told() -> None:
        output.say(f"{report.issuer} {'serves' if report.started else 'served already'}.")
        output.facts(
            [
                ("sign in", shown["sign_in"]),
                ("people", f"{shown['people']} (password: lab)"),
                ("a machine", f"{report.machine[0]}:{report.machine[1]}"),
                ("its resource", report.resource),
            ]
        )

    output.give(shown, told)


@app.command
def down() -> None:
    """Stop it. Sessions that exist go on."""
    from core.settings import get_settings
    from lab.oidc import control

    stopped = control.down(get_settings().place)
    output.give({"stopped": stopped}, lambda: output.say("Stopped." if stopped else "Nothing ran."))
