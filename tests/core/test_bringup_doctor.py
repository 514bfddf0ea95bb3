"""The doctor: each thing that can be wrong is seen, named, and comes with the way to mend it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from core import doctor
from core.bringup import Outcome, Platform, Step, carry_out
from core.doctor import Finding, Verdict, examine
from core.errors import Unavailable
from core.migrations import upgrade
from core.postgres_temporary import TemporaryPostgres
from core.service_user import lay_folders
from core.settings import load


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """An installation that was laid out but never started."""
    environment = {
        "IRISPLANE_INSTANCE": "test",
        "IRISPLANE_STATE_DIR": str(tmp_path / "state"),
        "IRISPLANE_RUNTIME_DIR": str(tmp_path / "run"),
    }
    made = Platform(load(environment), create_user=True)
    lay_folders(made.instance, made.user)
    return made


@pytest.fixture(scope="module")
def served() -> Iterator[Platform]:
    """An installation whose database answers."""
    with TemporaryPostgres() as server:
        upgrade(server.dsn("owner"))
        environment = {"IRISPLANE_INSTANCE": "test", "IRISPLANE_RUNTIME_DIR": str(server.folder)}
        yield Platform(load({**environment, "IRISPLANE_STATE_DIR": str(server.folder)}), create_user=True)


def _mended(finding: Finding) -> bool:
    return bool(finding.hint)


def test_every_check_gives_a_finding_with_its_name(platform: Platform) -> None:
    found = examine(platform)
    assert [each.name for each in found] == list(doctor.CHECKS)
    assert all(each.hint for each in found if each.verdict is not Verdict.OK)


def test_a_check_that_fails_itself_is_a_finding(platform: Platform) -> None:
    def broken(_platform: Platform) -> Finding:
        raise PermissionError("no")

    (found,) = examine(platform, {"broken": broken})
    assert found.verdict is Verdict.UNKNOWN
    assert _mended(found)


def test_an_open_key_file_is_a_failure(platform: Platform) -> None:
    path = platform.settings.key_file
    path.parent.mkdir(mode=0o700)
    path.write_text("{}")
    os.chown(path, platform.user.uid, platform.user.gid)
    path.chmod(0o600)
    assert doctor.key_file(platform).verdict is Verdict.OK
    path.chmod(0o640)
    found = doctor.key_file(platform)
    assert found.verdict is Verdict.FAIL
    assert "chmod 0600" in found.hint


def test_a_folder_that_others_can_read_is_a_failure(platform: Platform) -> None:
    assert doctor.folders(platform).verdict is Verdict.OK
    (platform.instance.state_dir / "credentials").chmod(0o755)
    found = doctor.folders(platform)
    assert found.verdict is Verdict.FAIL
    assert "credentials" in found.detail


def test_a_taken_port_names_who_holds_it(platform: Platform) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", platform.instance.smtp_port))
        except OSError:
            pytest.skip("this instance's programs run")
        taken.listen()
        found = doctor.ports(platform)
    assert found.verdict is Verdict.FAIL
    assert str(os.getpid()) in found.detail


@pytest.mark.parametrize(("free", "verdict"), [(1, Verdict.FAIL), (3 * 1024**3, Verdict.WARN), (1 << 40, Verdict.OK)])
def test_little_room_is_said(platform: Platform, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict) -> None:
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(free, 0, free))
    assert doctor.disk(platform).verdict is verdict


def test_a_stopped_database_is_a_failure_and_what_needs_it_is_unknown(platform: Platform) -> None:
    assert doctor.database(platform).verdict is Verdict.FAIL
    assert doctor.schema(platform).verdict is Verdict.UNKNOWN
    assert doctor.journal(platform).verdict is Verdict.UNKNOWN


def test_a_served_database_is_well(served: Platform) -> None:
    assert doctor.database(served).verdict is Verdict.OK
    assert doctor.schema(served).verdict is Verdict.OK


def test_a_revision_of_a_newer_release_is_named(served: Platform) -> None:
    owner = f"postgresql+psycopg://irisplane_owner@/irisplane?host={served.instance.runtime_dir}&port=5432"
    engine = create_engine(owner, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("insert into alembic_version (version_num) values ('core_9999')"))
    try:
        found = doctor.schema(served)
    finally:
        with engine.begin() as connection:
            connection.execute(text("delete from alembic_version where version_num = 'core_9999'"))
    assert found.verdict is Verdict.FAIL
    assert "core_9999" in found.detail
    assert "newer" in found.hint


# -------------------------------------------------------------------------------------------------------------- steps
def test_steps_tell_their_number_name_and_outcome() -> None:
    said: list[str] = []
    steps = [Step("one", lambda: Outcome("done", changed=True)), Step("two", lambda: Outcome("no root", skipped=True))]
    carry_out(steps, said.append)
    lines = "".join(said).splitlines()
    assert lines[0].startswith("[1/2] one … 0.")
    assert lines[1] == "[2/2] two … skipped (no root)"


def test_a_failed_step_ends_the_way_up() -> None:
    begun: list[str] = []

    def fails() -> Outcome:
        raise Unavailable("no")

    def after() -> Outcome:
        begun.append("after")
        return Outcome()

    with pytest.raises(Unavailable):
        carry_out([Step("fails", fails), Step("after", after)], begun.append)
    assert "after" not in begun
