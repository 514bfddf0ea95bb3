"""What errors say to do next."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["HINTS"]

HINTS: Final = (
    _("Look at the message, mend what it names, and try again."),
    _("Correct the named field and send it again."),
    _("Ask someone with the role that the rule names."),
    _("Check the name or id; lists show what you may see."),
    _("Read the current state and decide again."),
    _("Choose another pool, or enlarge this one."),
    _("Run 'irisplane doctor': it says what is wrong and how to mend it."),
    _("Report it with the request id; 'irisplane logs api' has the details under that id."),
    _("Wait as many seconds as 'Retry-After' says, then go on more slowly."),
    _("Choose another name, or another project."),
    _("Order in another project of yours."),
    _("The order goes on by itself when it answers again; 'irisplane status' says how it is."),
    _("Alter what the sentence names and order again."),
    _("Look at it again; what was removed in the cloud by hand is shown as 'vanished'."),
    _("Wait until it is in the status that the sentence names, or bring it there, and ask again."),
    _("'irisplane server unprotect' lifts it; then ask again."),
    _("Use 1 to 63 of a-z, 0-9 and '-', and begin and end with a letter or a digit: web-1."),
    _("Keep a short script that fetches the rest, or put the rest into an image."),
    _("Send the one line of the .pub file that 'ssh-keygen -t ed25519' makes."),
    _("Give back what the sentence names first."),
    _("Take a range inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, from /16 to /28: 10.20.0.0/24."),
    _("Wait until what is under way has ended, or mend what its 'fault' names."),
    _("Ask for more GiB; to have fewer, order another volume and copy what is on it."),
    _("Give something back, or have the limit raised: the kind hosting.spend-limit.set."),
    _("Ask for more than there is; hosting.quota.split moves what there is between projects."),
    _("Choose an end in the future that is later than the present one, or none."),
    _("Say in one sentence why; it stands in the audit for ever (command line: --reason TEXT)."),
    _("Ask another person who holds the role; deputies and service accounts of the requester do not count either."),
    _("Another person has to give the approvals that are still missing."),
    _("Ask somebody who holds the role that the message names, or their deputy."),
    _("Read the plan as it is now and approve its hash."),
    _("Submit a new change, or take this one back with 'irisplane change undo'."),
    _("'irisplane change show ID' says where the change stands and what it waits for."),
    _("'irisplane change list' shows the changes that you may see."),
    _("Choose another value, or alter what stands in the way first."),
    _("Write key=value pairs with commas, e.g. role=access,site=DC-ARTS,name~ac0*,!status=retired."),
    _("Create it first, or correct the name; lists show what there is."),
    _("Check the device's power and its management network; 'irisplane device list' shows who else is gone."),
    _("Mend the named devices, or leave them out of the selection: --select '…,!name=NAME'."),
    _("Ask the administrator of your organisation; /signed-in shows the roles you hold."),
    _("Say what it is for."),
    _("Fill it in."),
    _("Ask a colleague."),
    _("Look at it again below, then decide."),
    _("Look at it again, then decide."),
    _("audit, event or log."),
    _("For example 2026-11-30."),
    _("Copy it from its address."),
    _("From 0 to 32767."),
    _("Its name, as lists show it."),
    _("Names and values, for example 'ntp: {servers: [192.0.2.1]}'."),
    _("Read both below; what you save now takes the place of theirs."),
)
"""What an error says to do next."""
