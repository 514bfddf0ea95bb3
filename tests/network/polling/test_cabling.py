"""LLDP against the inventory."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from network.polling.cabling import Link, Mismatch, listening, mismatches
from network.polling.looking import Look
from network.polling.polled import Polled
from network.polling.tables import Interface, LldpNeighbour

_LINK = Link("cr01-ag01", "cr01", "to-ag01", "ag01", "to-cr01")


def _polled(
    device: str, *heard: tuple[str, str, str], up: tuple[str, ...] = ("to-ag01",), fresh: bool = True
) -> Polled:
    ports = tuple(Interface(k, name, status="up") for k, name in enumerate(up, 1))
    look = Look(device, 0.0, interfaces=ports, lldp=tuple(LldpNeighbour(*one) for one in heard))
    return Polled(UUID(int=0), look, {}, datetime.now(UTC), fresh)


def test_the_neighbour_that_is_written_is_no_mismatch() -> None:
    assert mismatches([_LINK], [_polled("cr01", ("to-ag01", "ag01", "to-cr01"))]) == []


def test_another_neighbour_than_written_is_told_with_both() -> None:
    assert mismatches([_LINK], [_polled("cr01", ("to-ag01", "ag02", "to-cr01"))]) == [
        Mismatch("cr01", "to-ag01", "other", "cr01-ag01", "ag01:to-cr01", "ag02:to-cr01")
    ]


def test_the_right_device_on_the_wrong_port_is_a_mismatch() -> None:
    (found,) = mismatches([_LINK], [_polled("cr01", ("to-ag01", "ag01", "to-cr02"))])
    assert (found.problem, found.heard) == ("other", "ag01:to-cr02")


def test_a_neighbour_where_no_link_is_written_is_told() -> None:
    found = mismatches([_LINK], [_polled("cr01", ("to-ag01", "ag01", "to-cr01"), ("eth9", "sw1", "1"))])
    assert found == [Mismatch("cr01", "eth9", "unwritten", None, None, "sw1:1")]


def test_silence_counts_only_while_the_interface_is_up_and_the_device_tells_of_others() -> None:
    other = Link("cr01-cr02", "cr01", "to-cr02", "cr02", "to-cr01")
    heard = ("to-cr02", "cr02", "to-cr01")
    (found,) = mismatches([_LINK, other], [_polled("cr01", heard)])
    assert found == Mismatch("cr01", "to-ag01", "silent", "cr01-ag01", "ag01:to-cr01", None)
    assert mismatches([_LINK, other], [_polled("cr01", heard, up=("to-cr02",))]) == []
    assert mismatches([_LINK], [_polled("cr01")]) == []


def test_what_is_old_accuses_nobody() -> None:
    assert mismatches([_LINK], [_polled("cr01", ("to-ag01", "ag02", "to-cr01"), fresh=False)]) == []


def test_who_listens_is_counted_so_that_silence_is_not_taken_for_order() -> None:
    heard = ("to-ag01", "ag01", "to-cr01")
    assert listening([_polled("cr01", heard), _polled("ag01", fresh=True), _polled("cr02", heard, fresh=False)]) == 1
    assert listening([]) == 0
