"""What tests of hosting stand on: a real cloud, administrations with names of this run's own, a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from core.migrations import upgrade
from core.postgres_temporary import TemporaryPostgres
from core.settings import Settings, get_settings
from datacenter.hosting import cloud as connections
from orchestrator.durable import prepare_database
from tests.api.people import Hire, Person, agent, app, client, engineer, hire, lead, manager, settings
from tests.clouds import CloudForTests
from tests.datacenter.clouding import IMAGE_MARK, CloudUnderTest
from tests.datacenter.ordering import SYSTEM, Hosting, Worker
from tests.datacenter.terraforming import configured, irisplane, provider, terra

__all__ = [
    "agent", "app", "client", "configured", "engineer", "hire", "irisplane", "lead", "manager", "provider", "settings",
    "terra",
]  # fmt: skip


@pytest.fixture(scope="session")
def pg() -> Iterator[TemporaryPostgres]:
    """A server with the durable engine's tables as well, for workers."""
    with TemporaryPostgres() as server:
        upgrade(server.dsn("owner"))
        prepare_database(server.dsn("owner"))
        yield server


@pytest.fixture(scope="session")
def cloud(cloud: CloudForTests) -> CloudUnderTest:
    """The session's cloud (tests/clouds.py), furnished."""
    made = CloudUnderTest(str(cloud.clouds_file), cloud.name)
    made.furnish()
    return made


@pytest.fixture(scope="module")
def tenants(database: Database) -> dict[str, UUID]:
    """The region and two administrations, with codes that nobody else has in a cloud that is shared."""
    suffix = uuid4().hex[:8]
    rows = {"region": "region", "ixelles": "commune", "uccle": "commune"}
    with database.transaction("owner", SYSTEM) as tx:
        return {
            code: tx.execute(
                text(
                    "insert into tenant (code, kind, name_fr, name_nl, name_en)"
                    " values (:code, :kind, :code, :code, :code) returning id"
                ),
                {"code": f"{code}-{suffix}" if code != "region" else code, "kind": kind},
            ).scalar_one()
            for code, kind in rows.items()
        }


@pytest.fixture(scope="module")
def environment(settings: Settings) -> Iterator[dict[str, str]]:
    """This process's settings for what reads them by itself; without a cloud until ``hosting`` names one."""
    given = {"IRISPLANE_KEY_FILE": str(settings.key_file), "IRISPLANE_STATE_DIR": str(settings.state_dir)}
    yield from _with(given)


@pytest.fixture(scope="module")
def hosting(
    database: Database, tenants: dict[str, UUID], hire: Hire, environment: dict[str, str], cloud: CloudUnderTest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hosting]:  # fmt: skip
    """Administrations, a catalogue with the plans ``small``, ``medium`` and ``vast`` and the image ``guest``."""
    folder: Path = tmp_path_factory.mktemp("workers")
    named = _with({"IRISPLANE_CLOUDS_FILE": cloud.path, "IRISPLANE_CLOUD_NAME": cloud.name})
    environment = {**environment, **next(named)}
    made = Hosting(database, tenants, hire, folder, environment)
    _catalogue(made)
    yield made
    made.close()
    for project in made.sql("select cloud_id, cloud_user from project where cloud_id is not null"):
        cloud.clear(project.cloud_id, project.cloud_user)
    connections.forget()
    next(named, None)


@pytest.fixture(scope="module")
def worker(hosting: Hosting) -> Worker:
    """A worker that carries what is ordered."""
    return hosting.worker()


@pytest.fixture(scope="module")
def ada(hire: Hire) -> Person:
    """The administrator of the first administration."""
    return hire("ada", "agency-admin", tenant="ixelles")


@pytest.fixture(scope="module")
def ugo(hire: Hire) -> Person:
    """A developer of the first administration."""
    return hire("ugo", "agency-user", tenant="ixelles")


@pytest.fixture(scope="module")
def uma(hire: Hire) -> Person:
    """A developer of the second administration."""
    return hire("uma", "agency-user", tenant="uccle")


@pytest.fixture(scope="module")
def pim(hire: Hire) -> Person:
    """A platform manager of the region."""
    return hire("pim", "platform-manager")


def _with(given: dict[str, str]) -> Iterator[dict[str, str]]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    get_settings.cache_clear()
    yield given
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    get_settings.cache_clear()


def _catalogue(hosting: Hosting) -> None:
    """Sizes of this run's own, so that a test's flavours are told apart in a cloud that is shared."""
    hosting.sql(
        "with o as (insert into offering (tenant_id, code, kind, name_fr, name_nl, name_en) values"
        " (:region, 'server', 'server', 's', 's', 's') returning id),"
        " i as (insert into offering (tenant_id, code, kind, name_fr, name_nl, name_en, details) values"
        " (:region, 'guest', 'image', 'g', 'g', 'g',"
        "  jsonb_build_object('select', jsonb_build_object('irisplane_offering', cast(:mark as text)))),"
        " (:region, 'lost', 'image', 'l', 'l', 'l', '{\"select\": {\"irisplane_offering\": \"nowhere\"}}')),"
        " p as (insert into offering_plan (tenant_id, offering_id, code, name_fr, name_nl, name_en, flavor, vcpus,"
        " ram_mib, disk_gib) select :region, o.id, v.code, v.code, v.code, v.code, v.flavor, v.vcpus, v.ram, v.disk"
        " from o, (values ('small', 'SCS-1V-1-1t', 1, 512, 1), ('medium', 'SCS-2V-1-1t', 2, 1024, 1),"
        " ('vast', 'SCS-512V-4096-10t', 512, 4194304, 10)) v(code, flavor, vcpus, ram, disk)"
        " returning id, offering_id, code)"
        " insert into price (tenant_id, offering_id, plan_id, component, quarter_micro_eur)"
        " select :region, offering_id, id, 'server', case code when 'small' then 1500 when 'medium' then 3000"
        " else 200000 end from p",
        region=hosting.tenants["region"], mark=IMAGE_MARK,
    )  # fmt: skip
    hosting.sql(
        "with o as (insert into offering (tenant_id, code, kind, name_fr, name_nl, name_en)"
        " select :region, v.kind, v.kind, v.kind, v.kind, v.kind"
        " from (values ('volume'), ('snapshot'), ('floating-ip'), ('network')) v(kind) returning id, code)"
        " insert into price (tenant_id, offering_id, component, quarter_micro_eur)"
        " select :region, o.id,"
        " case code when 'floating-ip' then 'address' when 'network' then 'network' else 'gib' end,"
        " case code when 'volume' then 27 when 'snapshot' then 14 when 'floating-ip' then 685 else 0 end from o",
        region=hosting.tenants["region"],
    )  # fmt: skip
