"""The Linux half as text: one canonical form, its own grammar, and its place beside FRR's half."""

from __future__ import annotations

import pytest

from network.drivers.frr.delta import understood
from network.drivers.frr.halves import split, veiled
from network.drivers.frr.linux.grammar import MAIN, NotLinux, parse, written
from network.render.normalise import normalise

_HALF = """\
linux main
 bridge b-port2
 bridge b-port10
 port port2 master b-port2
 veth v-port2 master b-port2 to port2 namespace V1001
exit
linux namespace V1001
 address port2 192.0.2.1/24
 bridge br10001 address 02:00:0a:ff:00:05
 vxlan vx10001 id 10001 local 10.255.0.5 master br10001
exit
"""


def test_writing_what_was_read_gives_the_canonical_text() -> None:
    read = parse(_HALF)
    assert set(read) == {MAIN, "V1001"}
    turned = {space: [item.line for item in reversed(items)] for space, items in reversed(read.items())}
    assert written(turned) == _HALF


def test_driver_and_router_agree_on_the_canonical_form() -> None:
    text = f"hostname ac01\n!\n{_HALF}"
    shown = normalise(text, "frr")
    assert split(understood(shown))[1] == _HALF
    assert normalise(shown, "frr") == shown


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("linux main\n bridge mgmt0", "mgmt0"),
        ("linux main\n port to-ag01 master b-x", "to-ag01"),
        ("linux main\n bridge x; reboot", "unknown words"),
        ("linux main\n address b-x 10.0.0.1/24", "does not stand in main"),
        ("linux namespace V1\n port port1 master br1", "does not stand in a namespace"),
        ("linux namespace V1\n vxlan vx1 id 16777216 local 10.0.0.1 master br1", "16777215"),
        ("linux namespace ../../etc\n", "opens no namespace"),
        ("linux main\nexit\n bridge b-x", "stands in no namespace"),
    ],
)
def test_what_no_service_may_say_is_refused_with_its_line(line: str, word: str) -> None:
    with pytest.raises(NotLinux, match=word) as refused:
        parse(line + "\n")
    assert refused.value.line == len(line.rstrip().splitlines())


def test_what_somebody_did_by_hand_can_be_read() -> None:
    assert parse("linux main\n port to-ag01 master b-x\n", judge=False)[MAIN][0]["name"] == "to-ag01"


def test_each_judge_sees_its_half_under_the_same_line_numbers() -> None:
    text = f"hostname ac01\n{_HALF}!\nrouter ospf\n ospf colour blue\nexit\n"
    frr, linux = veiled(text)
    whole = text.splitlines()
    assert frr.splitlines().index(" ospf colour blue") == whole.index(" ospf colour blue")
    assert linux.splitlines().index(" bridge b-port2") == whole.index(" bridge b-port2")
    assert "linux" not in frr
    assert "ospf" not in linux
    assert veiled("hostname ac01\n") == ("hostname ac01\n", "")


def test_an_empty_half_is_no_half() -> None:
    assert written({MAIN: []}) == ""
    assert split(understood("hostname ac01\nlinux main\nexit\n"))[1] == ""
