"""The verbs of `irisplane fibre`; each is imported only when it is used."""

from __future__ import annotations

from cyclopts import App

__all__ = ["app"]

app = App(name="fibre", help="The plant in the ground: what runs over it, and what breaks if it is cut.")
app.command("cli.fibre.impact:impact", name="impact", help="What breaks if something of the plant is lost.")
app.command("cli.fibre.works:works", name="works", help="Draft the notice of works, to everybody whom they touch.")
app.command("cli.fibre.way:trace", name="trace", help="What light meets on its way, in order.")
app.command("cli.fibre.way:loss", name="loss", help="What light loses on its way, and what the receiver is left.")
app.command("cli.fibre.way:locate", name="locate", help="Where on the map a distance is that an OTDR shows.")
app.command(
    "cli.fibre.splice_plan:splice_plan",
    name="splice-plan",
    help="What a closure holds, drawn for the crew that opens it.",
)
app.command("cli.fibre.export:export", name="export", help="Write the plant as a map or as tables.")
app.command("cli.fibre.path:path", name="path", help="The best ways between two places, or two that share nothing.")
app.command("cli.fibre.path:weak_points", name="weak-points", help="What cuts sites off when it alone is lost.")
