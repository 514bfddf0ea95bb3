"""Sentences that the rooms below write in English, recognised and said in the language of who reads.

A plan is frozen and hashed with its words, the journal keeps them for good, and an error says the same to programs as
to people: so they are written in English, as text. Here stands each sentence that people meet, with names where its
values are. A page that shows a sentence looks which one it is, and says it from the catalogue with these values; one
that is not known stays English and is marked so. A test holds every sentence against the code that writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Final

from dashboards.languages import catalogue
from dashboards.terms import mark as _

__all__ = ["HINTS", "SAID", "UNDO", "WHY", "said"]

UNDO: Final = (
    _("Import the former document: its prices then hold from the next quarter-hour."),
    _("Forgets the key; servers that have it keep it."),
    _("Brings the same key in again."),
    _("The former end holds again."),
    _("A closed month stays closed; it is corrected by lines of a later one."),
    _("The line is removed, while its month is open."),
    _("Gives the address back; the same one may not be had again."),
    _("Leads it where it led before."),
    _("Deletes the group, once no server has it."),
    _("Brings the rules back that were there."),
    _("Deletes the network, once nothing stands in it."),
    _("The project is closed."),
    _("Nothing is taken back."),
    _("What was granted before is granted again; what is used by then stays."),
    _("The server is deleted, with everything on its disk."),
    _("There is no way back: the old disk is gone."),
    _("The image is deleted."),
    _("There is no way back."),
    _("Every port gets the groups back that it had."),
    _("They are unknown again, and stay as they are in the cloud."),
    _("For %(hours)s hours, ':restore' brings it back."),
    _("It goes back to the old size, as long as the new one was not confirmed."),
    _("The former limit holds again."),
    _("Takes it from the server again."),
    _("Gives it to the server again."),
    _("There is no way back: a volume does not become smaller."),
    _("Deletes the volume with everything on it."),
    _("It is called as before."),
    _("Deletes the snapshot; the volume stays as it is."),
    _("There is no way back: what was written since the snapshot is lost."),
    _("No more copies are made; those that there are stay."),
    _("It is as it was before."),
    _("Copies are made again; earlier ones are not counted among them."),
    _("The stored inverse of these writes."),
    _("The intent is again what it was before; no router is touched."),
    _("The text before is pushed again and held until the next push of the intent."),
    _("The keys are forgotten; the devices cannot be entered until they are enrolled again."),
    _("The new router gets back what it ran when it was unpacked."),
    _("The text before is pushed again."),
    _("The change that is taken back here is pushed again."),
    _("The lines leave the routers' intent and the routers; later changes to them stay."),
    _("The lines are pushed again."),
    _("The play is run again with the version that each router had, in the same waves."),
    _("Apply the original change again."),
    _("Submit the original change again."),
)
"""How a plan is taken back."""

WHY: Final = (
    _("may hold open data"),
    _("may hold internal data"),
    _("may hold personal data"),
    _("may hold sensitive data"),
    _("was asked for"),
    _("is where %(names)s stands"),
    _("is where %(names)s stand"),
    _("is away from %(names)s"),
    _("has the fewest servers of the project"),
    _("has none of the project's servers yet"),
    _("is the only zone that does"),
    _("is the first zone that does"),
)
"""Why a zone was chosen: parts of one sentence that begins with the zone."""

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

SAID: Final = (
    _("There is nothing at %(path)s."),
    _("None of your roles gives the scope '%(scope)s'."),
    _("Your roles have changed; ask again."),
    _("A browser's session alters something only with its CSRF token."),
    _("This form was sent by a page of another site."),
    _("Something went wrong inside Irisplane."),
    _("There is no such session."),
    _("There is no such token."),
    _("There is no such member."),
    _("Nobody alters or ends the own membership."),
    _("Nobody can decide without knowing why."),
    _("No routers are named."),
    _("This cannot be left empty."),
    _("It is another one than you saw."),
    _("The server is another one than you saw."),
    _("'%(what)s' is no whole number."),
    _("'%(what)s' is no day."),
    _("'%(what)s' is no change's id."),
    _("'%(what)s' is no kind of entry."),
    _("There is no entry %(seq)s in the journal."),
    _("The chain covers every administration; only the region's staff verify it."),
    _("The plan has %(many)s differences, not %(number)s."),
    _("A context needs a name."),
    _("Its data are names and values."),
    _("It is neither JSON nor YAML."),
    _("It is neither JSON nor YAML at line %(line)s, column %(column)s."),
    _("Somebody else saved this context since you opened it. Nothing of yours is lost, and nothing was saved."),
    _("There is no device '%(name)s'."),
    _("There is no config context '%(name)s'."),
    _("There is no change %(id)s."),
    _("There is no server %(id)s."),
)
"""What an error says."""

_FIELD: Final = re.compile(r"%\((\w+)\)s")
_LINK: Final = re.compile(r", | and ")
_AND: Final = {"fr": " et ", "nl": " en "}


@lru_cache(maxsize=4096)
def said(english: str, language: str) -> tuple[str, str]:
    """A sentence in a language, and the language that it is in then: English where it is not known."""
    if language == "en" or not english:
        return english, "en"
    translate: Callable[[str], str] = catalogue(language).gettext
    whole = _recognised(english, _patterns(), translate)
    if whole is None:
        whole = _placed(english, language, translate)
    return (english, "en") if whole is None else (whole, language)


def _recognised(
    english: str,
    patterns: Iterable[tuple[str, re.Pattern[str]]],
    translate: Callable[[str], str],
    joined: str = " and ",
) -> str | None:
    for sentence, pattern in patterns:
        found = pattern.fullmatch(english)
        if found is not None:
            values = {name: value.replace(" and ", joined) for name, value in found.groupdict().items()}
            return translate(sentence) % values if values else translate(sentence)
    return None


def _placed(english: str, language: str, translate: Callable[[str], str]) -> str | None:
    """``BXL-1 may hold open data, was asked for and is away from db-1.``: the zone, and its parts one by one."""
    zone, _space, rest = english.removesuffix(".").partition(" ")
    joined = _AND[language]
    parts = _taken_apart(rest, translate, joined) if zone and rest else None
    if parts is None:
        return None
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{joined}{parts[-1]}"
    return f"{zone} {listed}."


def _taken_apart(rest: str, translate: Callable[[str], str], joined: str) -> list[str] | None:
    """Names may hold an ``and``: a part ends where what follows is parts again."""
    for link in (*_LINK.finditer(rest), None):
        part = _recognised(rest[: link.start()] if link else rest, _parts(), translate, joined)
        if part is None:
            continue
        more = _taken_apart(rest[link.end() :], translate, joined) if link else []
        if more is not None:
            return [part, *more]
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those without values first: they are exact."""
    every = sorted((*UNDO, *HINTS, *SAID), key=lambda sentence: "%(" in sentence)
    return tuple((sentence, _pattern(sentence)) for sentence in every)


@cache
def _parts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((sentence, _pattern(sentence)) for sentence in WHY)


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _FIELD.split(sentence)
    body = "".join(f"(?P<{one}>.+?)" if number % 2 else re.escape(one) for number, one in enumerate(pieces))
    return re.compile(body, re.DOTALL)
