"""Loss budgets: what a way may lose, what the receiver is left, and what a measurement says about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from core.db import Database
from inventory.plant.figures import CONNECTOR_DB, SPLICE_DB, attenuation, recommendations, window_of
from inventory.plant.loss import Level, budget_of
from inventory.plant.trace import trace
from tests.inventory.conftest import SYSTEM, Submit, update

pytestmark = pytest.mark.usefixtures("plant")


def _budget(database: Database, **more: Any) -> dict[str, Any]:
    with database.transaction("api", SYSTEM) as tx:
        return budget_of(tx, trace(tx, "circuit", "X1"), **more)


def test_a_budget_is_the_sum_of_its_parts(database: Database) -> None:
    found = _budget(database)
    parts = {one["part"]: one for one in found["parts"]}
    assert (parts["fibre"]["loss_db"], parts["splices"]["loss_db"], parts["connectors"]["loss_db"]) == (0.48, 0.05, 1.0)
    assert (parts["splices"]["count"], parts["splices"]["measured"]) == (1, 1)
    assert found["loss_db"] == pytest.approx(sum(one["loss_db"] for one in found["parts"]))
    assert found["figures"] == ["ITU-T G.652 (11/2016), table 2", "ITU-T G.671 (08/2019)"], "of the fibre that it is"


def test_both_directions_say_what_their_receiver_is_left(database: Database) -> None:
    there, back = _budget(database)["directions"]
    assert (there["from"], there["to"], back["from"]) == ("ra:f1", "rb:f1", "rb:f1")
    assert there["expected_dbm"] == -7.53
    assert there["margin_db"] == 12.47
    assert there["verdict"] == "fits"


@pytest.mark.parametrize(
    ("rx", "excess", "told"),
    [(-7.5, -0.03, "as-expected"), (-6.2, -1.33, "better"), (-12.0, 4.47, "worse"), (None, None, "none")],
)
def test_a_measurement_is_compared(database: Database, rx: float | None, excess: float | None, told: str) -> None:
    there, back = _budget(database, rx_dbm=rx)["directions"]
    assert (there["excess_db"], there["measured"]) == (excess, told)
    assert back["measured"] == "none"


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"tx_power_dbm": -10, "rx_sensitivity_dbm": -12}, "thin"),
        ({"tx_power_dbm": -10, "rx_sensitivity_dbm": -11}, "too-weak"),
        ({"tx_power_dbm": 5, "rx_sensitivity_dbm": -20, "rx_overload_dbm": 0}, "too-strong"),
        ({"tx_power_dbm": None}, "unknown"),
    ],
)
def test_a_receiver_that_does_not_hear_or_is_blinded_is_named(
    run: Submit, database: Database, more: dict[str, float | None], verdict: str
) -> None:
    both: dict[str, Any] = {"rx_overload_dbm": None, "rx_sensitivity_dbm": -20, "tx_power_dbm": -6}
    altered = {**both, **more}
    run("inventory.edit", operations=[update("transceiver", f"{name}:f1", None, **altered) for name in ("ra", "rb")])
    try:
        assert {one["verdict"] for one in _budget(database)["directions"]} == {verdict}
    finally:
        run("inventory.edit", operations=[update("transceiver", f"{name}:f1", None, **both) for name in ("ra", "rb")])


def test_the_power_measured_when_it_was_put_into_service_counts(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[update("transceiver", "ra:f1", rx_power_dbm=-11)])
    _, back = _budget(database)["directions"]
    assert (back["measured_dbm"], back["measured"]) == (-11, "worse")


def test_what_devices_tell_now_comes_before_what_was_entered(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[update("transceiver", "ra:f1", rx_power_dbm=-7.5)])
    at = datetime(2027, 1, 31, tzinfo=UTC)
    told = {"ra:f1": Level(-13.0, -5.5, at), "rb:f1": Level(None, -6.5, at)}
    there, back = _budget(database, levels=told)["directions"]
    assert (there["sent_dbm"], there["sent_by"], there["expected_dbm"]) == (-5.5, "device", -7.03)
    assert (there["measured"], there["measured_by"], there["measured_at"]) == ("none", None, None)
    assert (back["sent_dbm"], back["expected_dbm"], back["measured_dbm"]) == (-6.5, -8.03, -13.0)
    assert (back["measured"], back["measured_by"], back["measured_at"]) == ("worse", "device", at)
    assert _budget(database, levels=told, rx_dbm=-7)["directions"][0]["measured_by"] == "asked"
    silent = _budget(database)["directions"][1]
    assert (silent["measured_dbm"], silent["measured_by"], silent["sent_by"]) == (-7.5, "entered", "entered")


@pytest.mark.parametrize(
    ("wavelength", "least", "most"),
    [(1270, 0.47, 0.47), (1310, 0.40, 0.40), (1383, 0.40, 0.40), (1400, 0.40, 0.40), (1490, 0.40, 0.40),
     (1550, 0.30, 0.30), (1565, 0.40, 0.40), (1625, 0.40, 0.40)],
)  # fmt: skip
def test_a_full_spectrum_fibre_has_a_figure_from_1260_to_1625_nm(wavelength: float, least: float, most: float) -> None:
    for kind in ("G.652.D", "G.657.A1", "G.657.A2"):
        assert least <= attenuation(wavelength)[kind] <= most


def test_a_wavelength_that_nobody_gives_a_figure_for_has_none() -> None:
    for wavelength in (850, 1259.9, 1626, 1700):
        assert window_of(wavelength) is None
        assert attenuation(wavelength) == {}
    assert "G.652.B" not in attenuation(1400), "its water peak has no maximum"
    assert "G.654.E" not in attenuation(1310), "it is cut off there"


def test_each_figure_names_its_recommendation() -> None:
    kinds = {kind for nm in (1270, 1310, 1400, 1490, 1550, 1600) for kind in attenuation(nm)}
    assert len(kinds) == 9
    assert all(re.match(r"ITU-T G\.6\d\d \(\d\d/\d{4}\)", one) for one in recommendations(kinds))
    assert recommendations([]) == ["ITU-T G.671 (08/2019)"], "of what joins it"
    assert (CONNECTOR_DB, SPLICE_DB["fusion"], SPLICE_DB["express"]) == (0.5, 0.3, 0.0)
