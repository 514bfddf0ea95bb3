"""``python -m lab.openstack up|down|status|wait|forget``; the command for people is ``irisplane lab cloud``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from core.errors import IrisplaneError
from lab.openstack import control


def main(arguments: Sequence[str] | None = None) -> int:
    """Obey one verb."""
    control.reveal_environment()
    parser = argparse.ArgumentParser(prog="lab.openstack", description="The lab's cloud.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up").add_argument("--here", action="store_true", help="stay until it runs, and tell")
    for verb in ("down", "status", "wait", "forget"):
        verbs.add_parser(verb)
    given = parser.parse_args(arguments)
    try:
        return _obey(given)
    except IrisplaneError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n{error.hint}\n")
        return 1


def _obey(given: argparse.Namespace) -> int:
    match given.verb:
        case "up" if given.here:
            signal.signal(signal.SIGTERM, _leave)
            control.bring_up(_say)
        case "up":
            _say(json.dumps(control.as_dict(control.begin())))
        case "down":
            control.down()
        case "forget":
            control.forget()
        case "wait":
            control.wait(tell=_say)
        case _:
            _say(json.dumps(control.as_dict(control.status()), indent=1))
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{datetime.now().astimezone():%H:%M:%S} {text}\n" if not text.startswith("{") else f"{text}\n")
    sys.stdout.flush()


def _leave(*_: object) -> NoReturn:
    raise SystemExit("told to stop")


if __name__ == "__main__":
    sys.exit(main())
