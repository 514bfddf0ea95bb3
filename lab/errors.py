"""Errors of the lab.

::

    LabError             LAB-000
    ├── LabImpossible    LAB-001  this machine cannot hold the lab (not root, not Linux, a program is missing)
    ├── LabElsewhere     LAB-002  the lab of this instance belongs to another folder
    ├── LabIsDown        LAB-003  it is not running
    ├── NoSuchRouter     LAB-004  no router or fibre of that name
    ├── RouterSilent     LAB-005  a router did not start
    ├── WiringFailed     LAB-006  the kernel refused a namespace, bridge or cable
    ├── CloudImpossible  LAB-007  this machine cannot hold the lab's cloud
    ├── CloudElsewhere   LAB-008  the cloud of this instance belongs to another folder, or was made in another mode
    ├── CloudFailed      LAB-009  a part of the cloud did not start
    ├── CloudIsDown      LAB-010  it is not running
    ├── NoSuchPart       LAB-011  the cloud has no part of that name
    └── SeedFailed       LAB-012  the lab could not be entered, or its first configuration did not go through
"""

from __future__ import annotations

from core.errors import IrisplaneError

__all__ = [
    "CloudElsewhere", "CloudFailed", "CloudImpossible", "CloudIsDown", "LabElsewhere", "LabError", "LabImpossible",
    "LabIsDown", "NoSuchPart", "NoSuchRouter", "RouterSilent", "SeedFailed", "WiringFailed",
]  # fmt: skip


class LabError(IrisplaneError):
    """Something about the lab."""

    code = "LAB-000"
    title = "Lab error"


class LabImpossible(LabError):
    """This machine, or this user, cannot hold the lab."""

    code = "LAB-001"
    title = "The lab cannot run here"
    hint = "Run it as root on Linux, with the Debian packages frr, frr-snmp, snmpd, lldpd and openssh-server installed."


class LabElsewhere(LabError):
    """The names of this instance are in use by a lab that another folder started."""

    code = "LAB-002"
    title = "The lab of this instance runs from another folder"
    hint = "Stop it there with 'irisplane lab down', or choose another IRISPLANE_INSTANCE."


class LabIsDown(LabError):
    """The lab is not running."""

    code = "LAB-003"
    title = "The lab is down"
    hint = "Start it with 'irisplane lab up'."


class NoSuchRouter(LabError):
    """No router, or no fibre, of that name."""

    code = "LAB-004"
    title = "No such router or fibre"
    hint = "'irisplane lab status' lists them."


class RouterSilent(LabError):
    """A router's programs did not start."""

    code = "LAB-005"
    title = "A router did not start"
    hint = "Its start log is named in the message; 'irisplane lab down' and 'up' make it anew."


class WiringFailed(LabError):
    """The kernel refused a namespace, bridge or cable."""

    code = "LAB-006"
    title = "The lab could not be wired"
    hint = "'irisplane lab down' removes what is left; then try again."


class CloudImpossible(LabError):
    """This machine, or this user, cannot hold the lab's cloud."""

    code = "LAB-007"
    title = "The lab's cloud cannot run here"
    hint = "On Debian, 'make up' as root installs what it needs; IRISPLANE_LAB_CLOUD=off does without it."


class CloudElsewhere(LabError):
    """The names of this instance's cloud are in use by another folder, or its state was made in another mode."""

    code = "LAB-008"
    title = "The cloud of this instance is another one"
    hint = "Stop it where it runs with 'irisplane lab cloud down', or choose another IRISPLANE_INSTANCE."


class CloudFailed(LabError):
    """A part of the cloud did not start."""

    code = "LAB-009"
    title = "A part of the lab's cloud did not start"
    hint = "'irisplane logs cloud' tells more; 'irisplane lab cloud up' goes on from there."


class CloudIsDown(LabError):
    """The lab's cloud is not running."""

    code = "LAB-010"
    title = "The lab's cloud is down"
    hint = "Start it with 'irisplane lab cloud up'; 'irisplane lab cloud wait' waits until it runs."


class NoSuchPart(LabError):
    """The cloud has no part of that name."""

    code = "LAB-011"
    title = "The lab's cloud has no such part"
    hint = "'irisplane lab cloud status' lists them."


class SeedFailed(LabError):
    """The lab's first configuration did not go through."""

    code = "LAB-012"
    title = "First configuration failed"
    hint = "'irisplane change show ID' tells why; 'make up' tries again."
