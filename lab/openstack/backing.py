"""MariaDB and RabbitMQ, for one cloud alone: a unix socket, three loopback ports, and nothing of the machine's own."""

from __future__ import annotations

import os
import signal
from typing import Final

from lab.openstack.configuration import TRANSPORT_USER
from lab.openstack.place import LOOPBACK, Place
from lab.openstack.processes import Program, Programs
from lab.openstack.waiting import greets, listens, patiently

__all__ = ["DATABASES", "start_database", "start_messages", "stop_messages"]

DATABASES: Final = ("keystone", "placement", "glance", "neutron", "nova_api", "nova", "nova_cell0", "cinder")


def start_database(place: Place) -> None:
    """MariaDB on its socket, with the services' databases and their one account."""
    programs = Programs(place)
    data = place.base / "mysql"
    if not (data / "mysql").is_dir():
        made = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=socket", f"--auth-root-socket-user={place.user.name}"]  # fmt: skip
        programs.run(Program("mariadb-install", made))
    password = place.secrets()["database"]
    # one statement a line; run with every privilege before the server takes connections
    statements = [f"create database if not exists {name} character set utf8mb3;" for name in DATABASES]
    statements += [
        f"create or replace user openstack@localhost identified by '{password}';",
        "grant all on *.* to openstack@localhost;",
    ]
    first = place.etc / "mariadb" / "first.sql"
    place.place(first, "\n".join(statements) + "\n")
    programs.start(
        Program(
            "mariadb",
            [
                "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={place.socket}", "--skip-networking",
                "--skip-log-bin", f"--pid-file={place.base / 'mysql' / 'mariadbd.pid'}", "--max-connections=400",
                "--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=0",
                "--character-set-server=utf8mb4", f"--init-file={first}",
            ],
        )
    )  # fmt: skip
    patiently(place, "mariadb", lambda: greets(place.socket))


def start_messages(place: Place, *, wait: bool = True) -> None:
    """RabbitMQ, and the name service of its runtime, which would otherwise be left behind."""
    instance, folder, programs = place.instance, place.base / "rabbit", Programs(place)
    port = instance.cloud_port("rabbitmq")
    settings = place.etc / "rabbitmq"
    place.place(
        settings / "rabbitmq.conf",
        f"listeners.tcp.1 = {LOOPBACK}:{port}\n"
        f"default_user = {TRANSPORT_USER}\n"
        f"default_pass = {place.secrets()['rabbit']}\n"
        "loopback_users = none\n"
        "vm_memory_high_watermark.absolute = 512MB\n"
        "disk_free_limit.absolute = 50MB\n"
        "log.file.level = warning\n",
    )
    place.place(settings / "plugins", "[].\n")
    names = {"ERL_EPMD_ADDRESS": LOOPBACK, "ERL_EPMD_PORT": str(instance.cloud_port("epmd"))}
    programs.start(Program("epmd", ["epmd"], names))
    patiently(place, "epmd", lambda: listens(instance.cloud_port("epmd")))
    erlang = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2"
    programs.start(
        Program(
            "rabbitmq",
            ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
            {
                **names,
                "HOME": str(folder),
                "RABBITMQ_NODENAME": f"irisplane{instance.index}@localhost",
                "RABBITMQ_CONFIG_FILE": str(settings / "rabbitmq.conf"),
                "RABBITMQ_CONF_ENV_FILE": os.devnull,
                "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
                "RABBITMQ_LOG_BASE": str(place.log),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(settings / "plugins"),
                "RABBITMQ_PID_FILE": str(folder / "pid"),
                "RABBITMQ_DIST_PORT": str(instance.cloud_port("rabbitmq-nodes")),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": erlang,
            },
        )
    )
    if wait:
        patiently(place, "rabbitmq", lambda: listens(port))


def stop_messages(place: Place) -> bool:
    """End RabbitMQ, as on a bad day; what was queued durably stays."""
    return Programs(place).stop(["rabbitmq"], first=signal.SIGTERM, patience=30)
