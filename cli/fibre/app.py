"""The verbs of `irisplane fibre`; each is imported only when it is used."""

from __future__ import annotations

from cyclopts import App

__all__ = ["app"]

app = App(name="fibre", help="The plant in the ground: what runs over it, and what breaks if it is cut.")
app.command("cli.fibre.impact:impact", name="impact", help="What breaks if something of the plant is lost.")
app.command("cli.fibre.works:works", name="works", help="Draft the notice of works, to everybody whom they touch.")
