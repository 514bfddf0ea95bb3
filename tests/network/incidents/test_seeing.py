"""Does a link stand? From what both ends tell, and never from what neither does."""

from __future__ import annotations

from network.alerting.rules import End, PlannedLink
from network.incidents.seeing import see
from network.polling.looking import Look
from network.polling.tables import Interface, OspfNeighbor

_LINK = PlannedLink("cr01-ag01", (End("cr01", "to-ag01", "10.0.0.1"), End("ag01", "to-cr01", "10.0.0.0")))


def _look(name: str, port: str, *, status: str | None = "up", neighbor: str | None = None, admin: bool = True) -> Look:
    ospf = (OspfNeighbor(2, neighbor, "", full=True),) if neighbor else ()
    return Look(name, 0.0, interfaces=(Interface(3, port, status=status, admin_up=admin),), ospf=ospf)


_CR = _look("cr01", "to-ag01", neighbor="10.0.0.1")
_AG = _look("ag01", "to-cr01", neighbor="10.0.0.0")
_SILENT = Look("ag01", 0.0, error={"code": "NET-040", "message": "silent"})


def _state(*looks: Look, busy: frozenset[str] = frozenset()) -> tuple[str, tuple[str, ...]]:
    (one,) = see([_LINK], {look.name: look for look in looks}, busy)
    return one.state, one.evidence


def test_two_good_ends_are_up_and_one_that_is_silent_says_nothing() -> None:
    assert _state(_CR, _AG) == ("up", ())
    assert _state(_CR, _SILENT) == ("up", ())
    assert _state(_CR) == ("up", ())


def test_no_end_that_says_anything_is_unknown() -> None:
    assert _state(_SILENT) == ("unknown", ())
    assert _state() == ("unknown", ())


def test_one_end_without_light_is_down_with_the_reason() -> None:
    state, evidence = _state(_look("cr01", "to-ag01", status="down"), _AG)
    assert (state, evidence) == ("down", ("cr01:to-ag01 sees no light",))
    assert _state(_look("cr01", "to-ag01", status="down", admin=False))[1] == ("cr01:to-ag01 is shut",)


def test_light_without_an_adjacency_is_a_silent_cut() -> None:
    state, evidence = _state(_look("cr01", "to-ag01"), _look("ag01", "to-cr01"))
    assert state == "down"
    assert evidence == (
        "cr01 lost its OSPF neighbour 10.0.0.1 on to-ag01",
        "ag01 lost its OSPF neighbour 10.0.0.0 on to-cr01",
    )


def test_while_a_change_is_carried_out_there_its_adjacencies_are_its_own_business() -> None:
    assert _state(_look("cr01", "to-ag01"), _AG, busy=frozenset({"cr01"})) == ("up", ())


def test_an_interface_that_does_not_say_how_it_is_is_unknown() -> None:
    assert _state(_look("cr01", "to-ag01", status=None, neighbor="10.0.0.1")) == ("unknown", ())


def test_a_device_that_tells_no_routing_table_loses_no_neighbour() -> None:
    look = Look("cr01", 0.0, interfaces=(Interface(3, "to-ag01", status="up"),), ospf=None)
    assert _state(look) == ("up", ())
