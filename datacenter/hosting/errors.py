"""What hosting refuses, and what to do about it. Codes 100 to 119 are shared by every noun; 186 to 199 are of quotas,
zones and leases.

::

    InvalidInput
    └── NotOffered           HST-101  the catalogue has no such offering, plan or image today
    NotFound
    └── NoSuchProject        HST-102  no such project, or not yours
    Exhausted
    └── OverQuota            HST-103  what is asked for is more than what is left
    Conflict
    ├── NameTaken            HST-104  a thing of this kind and name stands in the project
    └── ProjectClosed        HST-105  nothing more is ordered in this project
    Unavailable
    ├── NoCloud              HST-110  no cloud is set up here, or it is still starting
    └── CloudSilent          HST-111  the cloud does not answer, or not in time
    Conflict
    └── CloudRefused         HST-112  the cloud said no; the sentence says why
        └── CloudLacks       HST-113  what the cloud was asked about is not there
    InvalidInput
    ├── QuotaNotLowered      HST-186  an administration's quota is lowered by the region alone
    └── SplitTooLarge        HST-187  the shares are more than what is shared
    NotFound
    └── NoSuchZone           HST-188  no such zone
    Conflict
    ├── NoZoneFits           HST-189  no zone meets what was asked for
    └── NoLeaseHere          HST-190  the server does not stand any more, or its lease cannot end then
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from core.errors import Conflict, Exhausted, InvalidInput, NotFound, Unavailable

__all__ = [
    "CloudLacks",
    "CloudRefused",
    "CloudSilent",
    "NameTaken",
    "NoCloud",
    "NoLeaseHere",
    "NoSuchProject",
    "NoSuchZone",
    "NoZoneFits",
    "NotOffered",
    "OverQuota",
    "ProjectClosed",
    "QuotaNotLowered",
    "SplitTooLarge",
]


class NotOffered(InvalidInput):
    """The catalogue has no such offering, plan or image today."""

    code = "HST-101"
    title = "Not offered"
    hint = "GET /api/v1/catalogue shows what can be ordered today."


class NoSuchProject(NotFound):
    """No such project, or not yours."""

    code = "HST-102"
    title = "No such project"
    hint = "GET /api/v1/projects shows yours; every administration has 'main'."


class OverQuota(Exhausted):
    """What is asked for is more than what is left; ``fields.order`` is the order that would make it enough."""

    code = "HST-103"
    title = "Over quota"
    hint = "Give something back, or order more: POST fields.order, with a reason, to /api/v1/changes."
    hints: ClassVar[Mapping[str, str]] = {
        "fr": "Libérez quelque chose, ou demandez davantage : POST de fields.order, avec un motif (reason), à"
        " /api/v1/changes.",
        "nl": "Geef iets terug, of vraag meer: POST fields.order, met een reden (reason), naar /api/v1/changes.",
    }


class NameTaken(Conflict):
    """A thing of this kind and name stands in the project."""

    code = "HST-104"
    title = "Name taken"
    hint = "Choose another name, or another project."


class ProjectClosed(Conflict):
    """Nothing more is ordered in this project."""

    code = "HST-105"
    title = "Project closed"
    hint = "Order in another project of yours."


class NoCloud(Unavailable):
    """No cloud is set up here, or it is still starting; orders wait."""

    code = "HST-110"
    title = "No cloud"
    hint = "'irisplane status' says how the cloud is; docs/cloud.md how one is named."


class CloudSilent(Unavailable):
    """The cloud does not answer, or not in time."""

    code = "HST-111"
    title = "The cloud does not answer"
    hint = "The order goes on by itself when it answers again; 'irisplane status' says how it is."


class CloudRefused(Conflict):
    """The cloud said no; the sentence says why."""

    code = "HST-112"
    title = "The cloud refused"
    hint = "Alter what the sentence names and order again."


class CloudLacks(CloudRefused):
    """What the cloud was asked about is not there, or no longer."""

    code = "HST-113"
    title = "Not in the cloud"
    hint = "Look at it again; what was removed in the cloud by hand is shown as 'vanished'."


class QuotaNotLowered(InvalidInput):
    """An administration's quota is lowered by the region alone."""

    code = "HST-186"
    title = "Not lowered"
    hint = "Ask for more than there is; hosting.quota.split moves what there is between projects."


class SplitTooLarge(InvalidInput):
    """The shares are more than what is shared."""

    code = "HST-187"
    title = "Shares too large"
    hint = "Give the projects less, or order more for the administration first: hosting.quota.grant."


class NoSuchZone(NotFound):
    """No such zone."""

    code = "HST-188"
    title = "No such zone"
    hint = "GET /api/v1/zones lists them."


class NoZoneFits(Conflict):
    """No zone meets what was asked for; the sentence says what each lacks."""

    code = "HST-189"
    title = "No zone fits"
    hint = (
        "Ask for less: another data class, zone, or nothing near or apart. GET /api/v1/zones shows what each may hold."
    )


class NoLeaseHere(Conflict):
    """The server does not stand any more, or its lease cannot end then."""

    code = "HST-190"
    title = "No such lease"
    hint = "Choose an end in the future that is later than the present one, or none."
