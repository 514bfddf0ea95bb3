"""The ``irisplane`` command: nouns, then verbs. Every noun is imported only when it is used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from inspect import Parameter

from cyclopts import App, CycloptsError, MissingArgumentError

from cli import output, session
from cli.errors import FAILED, INTERRUPTED, OK, Ended, WrongUse, exit_code
from core.errors import IrisplaneError

__all__ = ["main"]

_EPILOGUE = """\
Everywhere on the line: --json (for programs), --profile NAME (or IRISPLANE_PROFILE; default engineer),
--url URL (or IRISPLANE_URL), --no-color, --quiet. IRISPLANE_TOKEN overrides the profile's token.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 not allowed, 4 not found, 5 conflict, 6 waiting, 7 not available.
"""

_REGION = "The region"
_CHANGES = "Changes"
_HOSTING = "Hosting"
_PEOPLE = "People and trust"
_MACHINE = "This machine"

_NOUNS: tuple[tuple[str, str, str, str], ...] = (
    ("config", "cli.config:app", _CHANGES, "Push, compare, restore and export configurations."),
    ("play", "cli.play:app", _CHANGES, "Bring servers and edge routers to their baseline by Ansible."),
    ("change", "cli.change:app", _CHANGES, "Follow changes, decide on them, take them back."),
    ("calendar", "cli.calendar:app", _CHANGES, "Maintenance windows and freezes."),
    ("device", "cli.inventory:device", _REGION, "Devices, and what was last seen of them."),
    ("site", "cli.inventory:site", _REGION, "Sites."),
    ("rack", "cli.inventory:rack", _REGION, "Racks."),
    ("prefix", "cli.inventory:prefix", _REGION, "Prefixes, and the next free one."),
    ("vlan", "cli.inventory:vlan", _REGION, "VLANs, and the next free one."),
    ("service", "cli.service:app", _REGION, "Services of tenants on the network: order, test, remove."),
    ("fibre", "cli.fibre.app:app", _REGION, "The plant in the ground: what runs over it, what breaks if it is cut."),
    ("context", "cli.context:app", _REGION, "Configuration context: what devices inherit."),
    ("region", "cli.region:app", _REGION, "Bring region data in, take it out."),
    ("inventory", "cli.inventories:app", _REGION, "The devices as Ansible and Prometheus want them."),
    ("incident", "cli.incident:app", _REGION, "What went wrong in the network; silences."),
    ("telemetry", "cli.telemetry:app", _REGION, "What devices tell over SNMP, and what Prometheus makes of it."),
    ("figures", "cli.figures:app", _REGION, "The region in figures, and the page for the board."),
    ("catalogue", "cli.hosting.catalogue:catalogue", _HOSTING, "What can be ordered, and what it costs."),
    ("server", "cli.hosting.server:app", _HOSTING, "Servers: order, see, alter, give back."),
    ("volume", "cli.hosting.volume:app", _HOSTING, "Disks that outlive servers."),
    ("snapshot", "cli.hosting.snapshot:app", _HOSTING, "What stood on a volume at one moment."),
    ("schedule", "cli.hosting.schedule:app", _HOSTING, "Copies of volumes that come about by themselves."),
    ("network", "cli.hosting.network:app", _HOSTING, "Private networks; design and capacity of the region's."),
    ("security-group", "cli.hosting.security_group:app", _HOSTING, "What may reach a server."),
    ("floating-ip", "cli.hosting.floating_ip:app", _HOSTING, "Addresses that are reached from outside."),
    ("key", "cli.hosting.key:app", _HOSTING, "Public SSH keys that open servers."),
    ("flavor", "cli.hosting.catalogue:flavor", _HOSTING, "Sizes of servers."),
    ("image", "cli.hosting.catalogue:image", _HOSTING, "What a server can start from."),
    ("zone", "cli.hosting.catalogue:zone", _HOSTING, "Where servers can stand, and for which data."),
    ("project", "cli.hosting.project:app", _HOSTING, "Servers that belong together."),
    ("quota", "cli.hosting.quota:app", _HOSTING, "How much may be held, and how much is left."),
    ("order", "cli.hosting.order:app", _HOSTING, "What was ordered, and how it ended."),
    ("usage", "cli.hosting.showback:usage", _HOSTING, "What was used."),
    ("showback", "cli.hosting.showback:showback", _HOSTING, "What a month came to."),
    ("support", "cli.hosting.support:app", _HOSTING, "Ask the region, follow what it answers."),
    ("maintenance", "cli.hosting.maintenance:app", _HOSTING, "What the region will work on."),
    ("terraform", "cli.hosting.terraform:app", _HOSTING, "Terraform: states that are kept here, backend, provider."),
    ("tenant", "cli.people:tenant", _PEOPLE, "Administrations."),
    ("person", "cli.people:person", _PEOPLE, "People, services, their roles and deputies."),
    ("member", "cli.members:app", _PEOPLE, "The people of an administration: invite, list, change, remove."),
    ("token", "cli.people:token", _PEOPLE, "Tokens of the API."),
    ("secret", "cli.secret:app", _PEOPLE, "Secrets: set, list, rotate. Values never come out."),
    ("webhook", "cli.webhook:app", _PEOPLE, "Where events are sent."),
    ("audit", "cli.audit:app", _PEOPLE, "The journal: list, verify, export."),
    ("web", "cli.web:web", _PEOPLE, "Sign a browser in as this profile."),
    ("lab", "cli.lab:app", _MACHINE, "The lab's routers and its cloud: up, down, and every fault."),
    ("up", "cli.machine:up", _MACHINE, "Bring the region up on this machine."),
    ("down", "cli.machine:down", _MACHINE, "Stop it; what was stored stays."),
    ("status", "cli.machine:status", _MACHINE, "Every part, and whether it runs."),
    ("logs", "cli.machine:logs", _MACHINE, "The log of one part."),
    ("doctor", "cli.machine:doctor", _MACHINE, "What is wrong, and how to mend it."),
    ("backup", "cli.machine:backup", _MACHINE, "Write a backup; keys go elsewhere."),
    ("restore", "cli.machine:restore", _MACHINE, "Bring a backup back into an empty instance."),
    ("worker", "cli.machine:worker", _MACHINE, "Carry out changes in this process."),
    ("clean", "cli.machine:clean", _MACHINE, "Stop everything and forget it."),
)


def _application() -> App:
    app = App(
        name="irisplane",
        help="The control plane of a region: every alteration is planned, read, approved, verified, confirmed.",
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        version=lambda: f"irisplane {version('irisplane')}",
        result_action="return_value",
    )
    for name, reference, group, text in _NOUNS:
        app.command(reference, name=name, group=group, help=text)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code. Never shows a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        rest = session.take_options(given)
        _application()(rest, exit_on_error=False, print_error=False)
    except Ended as end:
        return end.code
    except CycloptsError as error:
        wrong = _wrong_use(error)
        output.tell_error(wrong)
        return exit_code(wrong)
    except IrisplaneError as error:
        output.tell_error(error)
        return exit_code(error)
    except (KeyboardInterrupt, EOFError):  # a question that is answered with the end of input is not answered
        output.notice("Interrupted. What was submitted goes on; 'irisplane change list' shows it.")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        return OK
    except OSError as error:
        output.tell_error(_disk(error))
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last resort of a command: a sentence, not a traceback
        return _defect(error)
    return OK


def _wrong_use(error: CycloptsError) -> WrongUse:
    """What is wrong with a line, in the words of its help, and which help that is."""
    command = " ".join(("irisplane", *(error.command_chain or ())))
    hint = f"'{command} --help' shows how."
    if isinstance(error, MissingArgumentError) and error.argument is not None and not error.keyword:
        name = error.argument.names[0]
        if error.argument.field_info.kind is not Parameter.KEYWORD_ONLY:
            name = name.removeprefix("--").replace("-", "_").upper()
        return WrongUse(f"'{command}' needs {name}.", hint=hint)
    return WrongUse(str(error).strip().replace("\n", " "), hint=hint)


def _disk(error: OSError) -> IrisplaneError:
    """What this machine refused (a folder that is not there, a full disk), in its own words."""
    from core.errors import Unavailable

    what = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    return Unavailable(f"This machine refused: {what}.", hint="Mend what it names and try again.")


def _defect(error: Exception) -> int:
    import os
    import traceback

    from core.errors import Unexpected

    if os.environ.get("IRISPLANE_LOG_LEVEL") == "debug":
        traceback.print_exc()
    output.tell_error(
        Unexpected(
            f"The command failed unexpectedly ({type(error).__name__}).",
            hint="Run it again with IRISPLANE_LOG_LEVEL=debug and report what it shows.",
        )
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
