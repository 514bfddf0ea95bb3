"""Ansible finds the routers through the API, knows their host keys, and asks them; run by ansible-runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from core.db import Database
from inventory.region_import import built_in
from tests.inventory.conftest import SYSTEM, create, engineer_of, submitter
from tests.inventory.test_import import bring
from tests.lab.running import RunningLab
from tests.playbooks.conftest import Served

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def ask(served: Served, **environment: str) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, str(PLAYBOOKS / "inventory.py"), "--list"]
    variables = {**os.environ, "IRISPLANE_URL": served.url, "IRISPLANE_TOKEN": served.token, **environment}
    return subprocess.run(script, env=variables, capture_output=True, text=True, timeout=180, check=False)


def test_the_script_tells_what_is_wrong(served: Served) -> None:
    refused = ask(served, IRISPLANE_TOKEN="irp_wrong")
    assert refused.returncode == 1
    assert "CORE-101" in refused.stderr
    unknown = ask(served, IRISPLANE_SELECT="rolle=core")
    assert unknown.returncode == 1
    assert "Did you mean 'role'" in unknown.stderr
    silent = ask(served, IRISPLANE_URL="http://127.0.0.1:9")
    assert silent.returncode == 1
    assert "does not answer" in silent.stderr


@pytest.mark.lab
@pytest.mark.slow
def test_a_playbook_asks_every_router_for_its_version(
    served: Served, database: Database, lab: RunningLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ansible_runner = pytest.importorskip("ansible_runner")
    bring(database, built_in())
    run = submitter(database, engineer_of(database))
    routers = lab.topology.routers
    run(
        "inventory.edit",
        operations=[
            create(
                "device",
                *(
                    {
                        "name": r.name,
                        "role": r.role,
                        "site": r.site,
                        "device_type": "FRRouting/FRR",
                        "status": "active",
                        "management_address": str(lab.instance.mgmt_address(r.number)),
                        "software_version": "8.4.4",
                    }
                    for r in routers
                ),
            ),
            create(
                "device_access", *({"device": r.name, "username": "irisplane", "secret_name": "lab"} for r in routers)
            ),
        ],
    )
    with database.transaction("owner", SYSTEM) as tx:
        for router in routers:
            tx.execute(
                text(
                    "update device_access set host_key = :key, host_key_enrolled_at = now()"
                    " where device_id = (select id from device where name = :name)"
                ),
                {"key": lab.credentials["host_keys"][router.name], "name": router.name},
            )
    listed = json.loads(ask(served).stdout)
    assert set(listed["platform_frr"]["hosts"]) == {router.name for router in routers}
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "passwords").write_text(
        json.dumps({"SSH password:.*": lab.credentials["irisplane"]["password"]})
    )
    (tmp_path / "env" / "passwords").chmod(0o600)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    done = ansible_runner.run(
        private_data_dir=str(tmp_path),
        playbook=str(PLAYBOOKS / "show_version.yml"),
        inventory=str(PLAYBOOKS / "inventory.py"),
        cmdline="--ask-pass",
        quiet=True,
        extravars={"known_hosts_folder": str(tmp_path)},
        timeout=180,
        envvars={"IRISPLANE_URL": served.url, "IRISPLANE_TOKEN": served.token, "ANSIBLE_LOCALHOST_WARNING": "False"},
    )
    said = [
        event["event_data"]["res"]["msg"]
        for event in done.events
        if event["event"] == "runner_on_ok" and "msg" in event["event_data"]["res"]
    ]
    assert done.status == "successful", Path(done.config.artifact_dir, "stdout").read_text()[-3000:]
    assert sorted(said) == sorted(f"{r.name} at {r.site} runs FRR 8.4.4 (as the inventory says)" for r in routers)
