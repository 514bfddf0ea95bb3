"""The journal tells who touched it; and a region comes back from its backup on an empty machine, and goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.instance import Instance
from core.postgres_cluster import binaries
from core.service_user import service_user
from tests.region.conftest import Region
from tests.region.watching import Watch, without_supervised_worker

pytestmark = pytest.mark.lab

_LINE = "ip prefix-list RESTORED seq 5 permit 10.70.0.0/16"


@pytest.fixture
def watch(region: Region) -> Iterator[Watch]:
    made = Watch(region)
    yield made
    made.close()


def _as_superuser(region: Region, statement: str) -> str:
    """What somebody does who has taken the whole database over."""
    user = service_user()
    command = [str(binaries() / "psql"), "-h", str(region.instance.runtime_dir), "-U", "irisplane_owner", "-qAt",
               "-v", "ON_ERROR_STOP=1", "-d", "irisplane", "-c", statement]  # fmt: skip
    return user.run(command, region.instance)


# ------------------------------------------------------------------------------------------------------------ journal
@pytest.mark.parametrize(
    ("table", "forge", "mend"),
    [
        ("journal", "reason = 'forged' where id = '{id}'", "reason = '{reason}' where id = '{id}'"),
        ("journal_chain", "hash = sha256('forged') where seq = {seq}", "hash = '{hash}' where seq = {seq}"),
    ],
    ids=["an entry", "its hash"],
)
def test_the_first_broken_link_is_named(region: Region, table: str, forge: str, mend: str) -> None:
    assert "Intact" in region.run("audit", "verify").stdout
    row = _as_superuser(
        region,
        "set irisplane.tenant = '*'; select c.seq, j.id, j.reason, c.hash from journal j join journal_chain c on"
        " c.journal_id = j.id where j.kind = 'audit' order by c.seq desc offset 5 limit 1",
    ).strip()
    seq, entry, reason, digest = row.split("|")
    known = {"seq": seq, "id": entry, "reason": reason.replace("'", "''"), "hash": digest}

    def set_(what: str) -> None:
        _as_superuser(
            region,
            f"set irisplane.tenant = '*'; alter table {table} disable trigger user; update {table} set"
            f" {what.format(**known)}; alter table {table} enable trigger user",
        )

    set_(forge)
    try:
        said = region.run("audit", "verify", code=1).stdout
        assert "NOT intact" in said
        found = re.search(r"entry (\d+)", said)
        assert found is not None, said
        assert int(found[1]) == int(seq), said
    finally:
        set_(mend)
    assert "Intact" in region.run("audit", "verify").stdout


# ------------------------------------------------------------------------------------------------------------- backup
@pytest.fixture
def empty_machine(region: Region) -> Iterator[Region]:
    """Another instance, with nothing in it and no lab of its own."""
    instance = Instance.named("restored")
    environment = {**region.environment, "IRISPLANE_INSTANCE": "restored", "IRISPLANE_LAB": "off"}
    made = Region(instance, environment)
    made.run("clean", "--yes", timeout=120)
    yield made
    made.run("clean", "--yes", code=None, timeout=120)


def test_a_region_comes_back_on_an_empty_machine_and_goes_on(
    region: Region, watch: Watch, empty_machine: Region, tmp_path: Path
) -> None:
    before = region.everything()
    archive, keys = tmp_path / "archive", tmp_path / "keys"
    places = region.ask("backup", str(archive), "--keys-to", str(keys))
    # After the backup the region lived on: its routers have seen higher numbers than the backup knows of.
    for _ in range(2):
        done = region.carried_out("network.config", {"select": "name=ac01"})
        assert done["state"] == "succeeded"
    pushed = region.carried_out("network.snippet", {"select": "role=access", "template": f"{_LINE}\n", "name": "after"})
    assert pushed["state"] == "succeeded", pushed["outcome"]
    undo = region.api("POST", f"/api/v1/changes/{pushed['id']}:undo", json={"reason": "as it was"}).json()
    region.approve(undo)
    assert region.ended(undo["id"])["state"] == "succeeded"

    with without_supervised_worker(region, watch):
        other = empty_machine
        other.run("restore", places["archive"], "--keys-from", places["keys"], timeout=180)
        other.run("up", timeout=300)
        other = replace(other, people=json.loads(
            (other.instance.state_dir / "credentials" / "cli.json").read_text())["profiles"])  # fmt: skip
        assert "Intact" in other.run("audit", "verify").stdout
        assert all(one["in_sync"] for one in other.ask("config", "diff", "--all"))
        line = {"select": "role=access", "template": f"{_LINE}\n", "name": "restored"}
        went_on = other.carried_out("network.snippet", line)
        assert went_on["state"] == "succeeded", went_on["outcome"]
        assert _LINE in region.running("ac04")
        back = other.api("POST", f"/api/v1/changes/{went_on['id']}:undo", json={"reason": "as it was"}).json()
        other.approve(back)
        assert other.ended(back["id"])["state"] == "succeeded"
        assert region.everything() == before
        # The first region is to go on in later tests: as far as the routers go, it is the newer one again.
        _as_superuser(region, "select setval('change_epoch', (extract(epoch from clock_timestamp()) * 1000)::bigint)")
