"""How software is installed on a router of the lab: it is not, but its daemons are started anew.

The lab's routers share ``/usr`` and its packages with this machine, so no router can have a version of its own, and
installing one would alter the machine. What a real router offers through sudo (``apt-get install frr=VERSION``,
``systemctl restart frr``) is offered here by ``/etc/lab-software VERSION``: the version of this machine is a restart,
any other is refused. The command asks the router's root through a pipe, because the account for drivers has no sudo.
This is the lab's, not a router's: the play that uses it (``playbooks/frr_upgrade.yml``) says so too.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["COMMAND", "asking_script", "serving_lines"]

COMMAND = "lab-software"
"""The command's name below a router's ``/etc``."""

_FOLDER = "/run/lab-software"


def asking_script() -> str:
    """``/etc/lab-software``: ask for a version, wait, say what came of it."""
    return f"""#!/bin/sh
# The lab's stand-in for 'apt-get install frr=VERSION && systemctl restart frr'. See lab/network/software.py.
[ $# -eq 1 ] || {{ echo "usage: $0 VERSION" >&2; exit 2; }}
ticket=$$-$(date +%s%N)
echo "$ticket $1" > {_FOLDER}/ask
left=600
until [ -f {_FOLDER}/$ticket ]; do
    left=$((left - 1))
    [ $left -gt 0 ] || {{ echo "the router's root does not answer" >&2; exit 1; }}
    sleep 0.1
done
cat {_FOLDER}/$ticket
grep -q '^done' {_FOLDER}/$ticket
"""


def serving_lines(daemons: Sequence[str]) -> list[str]:
    """Shell lines of the router's start that serve ``/etc/lab-software`` in the background, as root.

    Args:
        daemons: the commands that start FRR's daemons, in order; their names are their programs'.
    """
    names = [command.split()[0].rpartition("/")[2] for command in daemons]
    return [
        f"mkdir -m 755 {_FOLDER} && mkfifo -m 620 {_FOLDER}/ask && chgrp frrvty {_FOLDER}/ask",
        "software() {",
        "  set +e",
        "  while :; do",
        f"    read -r ticket wanted < {_FOLDER}/ask || continue",
        '    case "$ticket" in *[!0-9-]*|"") continue ;; esac',
        "    here=$(dpkg-query -W -f '${Version}' frr)",
        '    if [ "$wanted" = "$here" ]; then',
        *(f"      stop {name}" for name in reversed(names)),
        *(f"      {command}" for command in daemons),
        "      vtysh -b > /run/frr/boot.log 2>&1",
        f'      echo "done: the daemons are new" > {_FOLDER}/.draft',
        "    else",
        f'      echo "refused: the lab shares the packages of this machine, which has frr $here" > {_FOLDER}/.draft',
        "    fi",
        f'    mv {_FOLDER}/.draft "{_FOLDER}/$ticket"',
        "  done",
        "}",
        "stop() {",
        "  pid=$(cat /run/frr/$1.pid) && kill $pid || return 0",
        "  for _ in $(seq 100); do kill -0 $pid 2>/dev/null || return 0; sleep 0.1; done",
        "  kill -9 $pid; sleep 0.2",
        "}",
        "software < /dev/null > /dev/null 2>&1 &",
    ]
