"""What stands in the services' configuration files, for one instance and mode? Written anew at each start."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.instance import CONSOLES
from lab.openstack.place import LOOPBACK, REGION, SOFTWARE, Mode, Place

__all__ = ["HOSTS", "TRANSPORT_USER", "VENV", "write"]

VENV: Final = SOFTWARE / "venv"
HOSTS: Final[Mapping[Mode, tuple[str, ...]]] = {"fake": ("compute1", "compute2"), "qemu": ("compute1",)}
"""The compute hosts; two without machines, so that moving a server can be tried."""

TRANSPORT_USER: Final = "openstack"
_CONSOLE_SECONDS: Final = 600
"""How long an address of a serial console opens one; Nova's own default, and what Irisplane takes it for."""

_Sections = Mapping[str, Mapping[str, object]]


class _Writer:
    """The values that several files share."""

    def __init__(self, place: Place, mode: Mode) -> None:
        self.place = place
        self.mode = mode
        self.known = place.secrets()
        self.keystone = place.url("keystone", "/v3")
        port = place.instance.cloud_port("rabbitmq")
        self.transport = f"rabbit://{TRANSPORT_USER}:{self.known['rabbit']}@{LOOPBACK}:{port}/"
        self.threads = {"lock_path": place.base / "lock"}

    def database(self, name: str, pool: int = 5) -> dict[str, object]:
        password = self.known["database"]
        url = f"mysql+pymysql://openstack:{password}@localhost/{name}?unix_socket={self.place.socket}&charset=utf8mb4"
        return {"connection": url, "max_pool_size": pool}

    def login(self, service: str) -> dict[str, object]:
        """How a service signs in."""
        return {
            "auth_url": self.keystone,
            "auth_type": "password",
            "project_domain_id": "default",
            "user_domain_id": "default",
            "project_name": "service",
            "username": service,
            "password": self.known["service"],
            "region_name": REGION,
        }

    def guard(self, service: str) -> dict[str, object]:
        """How a service asks whose token it was given."""
        return {
            **self.login(service),
            "www_authenticate_uri": self.keystone,
            "service_token_roles_required": True,
            "service_token_roles": "service",
        }


def write(place: Place, mode: Mode) -> None:
    """Write every configuration file."""
    w = _Writer(place, mode)
    etc = place.etc
    place.place(etc / "keystone" / "keystone.conf", _text(_keystone(w)))
    place.place(etc / "placement" / "placement.conf", _text(_placement(w)))
    place.place(etc / "glance" / "glance-api.conf", _text(_glance(w)))
    place.place(etc / "neutron" / "neutron.conf", _text(_neutron(w)))
    place.place(etc / "neutron" / "ml2_conf.ini", _text(_ml2(w)))
    place.place(etc / "nova" / "nova.conf", _text(_nova(w)))
    for host in HOSTS[mode]:
        place.place(etc / "nova" / f"{host}.conf", _text(_compute(w, host)))
    place.place(etc / "cinder" / "cinder.conf", _text(_cinder(w)))
    for service, name in (("nova", "api-paste.ini"), ("glance", "glance-api-paste.ini")):
        shutil.copyfile(VENV / "etc" / service / name, etc / service / name)
        (etc / service / name).chmod(0o644)


def _text(sections: _Sections) -> str:
    lines = ["# written by the lab, anew at each start"]
    for name, values in sections.items():
        lines += ["", f"[{name}]"]
        lines += [
            f"{key} = {str(value).lower() if isinstance(value, bool) else str(value).replace('$', '$$')}"
            for key, value in values.items()
        ]
    return "\n".join(lines) + "\n"


def _log(w: _Writer, name: str) -> Path:
    return w.place.log / f"{name}.log"


def _keystone(w: _Writer) -> _Sections:
    keys = w.place.base / "home" / "keys"  # the keys that seal tokens: the service's own, not readable by others
    return {
        "DEFAULT": {"log_file": _log(w, "keystone")},
        "database": w.database("keystone"),
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": keys / "fernet"},
        "fernet_receipts": {"key_repository": keys / "receipts"},
        "credential": {"key_repository": keys / "credentials"},
        "cache": {"enabled": True, "backend": "oslo_cache.dict"},
    }


def _placement(w: _Writer) -> _Sections:
    return {
        "DEFAULT": {"log_file": _log(w, "placement")},
        "api": {"auth_strategy": "keystone"},
        "placement_database": w.database("placement"),
        "keystone_authtoken": w.guard("placement"),
    }


def _glance(w: _Writer) -> _Sections:
    store = w.place.base / "glance"
    return {
        "DEFAULT": {
            "log_file": _log(w, "glance"),
            "enabled_backends": "file:file",
            "worker_self_reference_url": w.place.url("glance"),
            "node_staging_uri": f"file://{store / 'staging'}",
        },
        "database": w.database("glance"),
        "glance_store": {"default_backend": "file"},
        "file": {"filesystem_store_datadir": store / "images"},
        "os_glance_tasks_store": {"filesystem_store_datadir": store / "tasks"},
        "os_glance_staging_store": {"filesystem_store_datadir": store / "staging"},
        "paste_deploy": {"flavor": "keystone", "config_file": VENV / "etc" / "glance" / "glance-api-paste.ini"},
        "oslo_concurrency": w.threads,
        "keystone_authtoken": w.guard("glance"),
    }


def _neutron(w: _Writer) -> _Sections:
    return {
        "DEFAULT": {
            "log_file": _log(w, "neutron"),
            "state_path": w.place.base / "neutron",
            "api_paste_config": VENV / "etc" / "neutron" / "api-paste.ini",
            "core_plugin": "ml2",
            "service_plugins": "ovn-router,qos,trunk,port_forwarding,segments",
            "auth_strategy": "keystone",
            "transport_url": w.transport,
            "notify_nova_on_port_status_changes": True,
            "notify_nova_on_port_data_changes": True,
            "rpc_workers": 0,
            "api_workers": 1,
            "dhcp_agent_notification": False,
            "global_physnet_mtu": 1500,
        },
        "database": w.database("neutron", 10),
        "oslo_concurrency": w.threads,
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": False},
        "keystone_authtoken": w.guard("neutron"),
        "nova": w.login("nova"),
        "placement": w.login("placement"),
    }


def _ml2(w: _Writer) -> _Sections:
    runtime = w.place.runtime
    return {
        "ml2": {
            "mechanism_drivers": "ovn",
            "type_drivers": "local,flat,vlan,geneve",
            "tenant_network_types": "geneve",
            "extension_drivers": "port_security,qos",
        },
        "ml2_type_geneve": {"vni_ranges": "1:65535", "max_header_size": 38},
        "ml2_type_flat": {"flat_networks": "public"},
        "ml2_type_vlan": {"network_vlan_ranges": "public:100:199"},
        "securitygroup": {"enable_security_group": True},
        "ovn": {
            "ovn_nb_connection": f"unix:{runtime / 'nb.sock'}",
            "ovn_sb_connection": f"unix:{runtime / 'sb.sock'}",
            "ovn_l3_scheduler": "leastloaded",
            "enable_distributed_floating_ip": True,
            "ovn_metadata_enabled": False,
            "ovn_emit_need_to_frag": False,
        },
    }


def _nova(w: _Writer) -> _Sections:
    return {
        "DEFAULT": {
            "state_path": w.place.base / "nova",
            "my_ip": LOOPBACK,
            "concurrency_backend": "threading",
            "graceful_shutdown_timeout": 5,
            "manager_shutdown_timeout": 4,
            "transport_url": w.transport,
            "compute_driver": "fake.FakeDriver",  # each compute host's own file says otherwise
            "osapi_compute_listen": LOOPBACK,
            "cpu_allocation_ratio": 16.0,
            "ram_allocation_ratio": 1.5,
            "allow_resize_to_same_host": True,
            "reserved_host_memory_mb": 0,
            "service_down_time": 60,
            "report_interval": 5,
            "periodic_fuzzy_delay": 0,  # one machine has no herd to spread; a new host is found at once
            # the guest reads what it was given from a drive: there is no metadata service here
            "force_config_drive": True,
            "resume_guests_state_on_host_boot": True,
        },
        "api": {"auth_strategy": "keystone"},
        "api_database": w.database("nova_api"),
        "database": w.database("nova"),
        "cinder": {"os_region_name": REGION, "catalog_info": "block-storage::publicURL"},
        "conductor": {"workers": 1},
        "compute": {"live_migration_wait_for_vif_plug": False},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 5},
        "glance": {"api_servers": w.place.url("glance")},
        "oslo_concurrency": w.threads,
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": False},
        "vnc": {"enabled": False},
        "serial_console": _serial_console(w),
        "consoleauth": {"token_ttl": _CONSOLE_SECONDS, "enforce_session_timeout": False},
        "wsgi": {"api_paste_config": VENV / "etc" / "nova" / "api-paste.ini"},
        "keystone_authtoken": w.guard("nova"),
        "placement": w.login("placement"),
        "neutron": {
            **w.login("neutron"),
            "service_metadata_proxy": True,
            "metadata_proxy_shared_secret": w.known["metadata"],
        },
        "service_user": {**w.login("nova"), "send_service_user_token": True},
    }


def _serial_console(w: _Writer) -> Mapping[str, object]:
    """A serial console for each machine; without machines there is nothing to type at, and Nova says so."""
    if w.mode == "fake":
        return {"enabled": False}
    instance = w.place.instance
    first, proxy = instance.cloud_port("consoles"), instance.cloud_port("serial-proxy")
    return {
        "enabled": True,
        "base_url": f"ws://{LOOPBACK}:{proxy}/",
        "serialproxy_host": LOOPBACK,
        "serialproxy_port": proxy,
        "proxyclient_address": LOOPBACK,  # of the machines' namespace
        "port_range": f"{first}:{first + CONSOLES}",  # the last one is not of them
    }


def _compute(w: _Writer, host: str) -> _Sections:
    folder = w.place.base / "nova" / host
    own: dict[str, object] = {
        "host": host,
        "state_path": folder,
        "instances_path": folder / "instances",
    }
    if w.mode == "fake":
        return {"DEFAULT": {**own, "compute_driver": "plugged.PluggedDriver"}}
    etc = w.place.etc / "nova"
    # Nova makes the machines' network devices, so its helpers stand where switch and machines are
    inside = f"nsenter --net=/run/netns/{w.place.instance.cloud_namespace}"
    helper = f"{inside} {VENV}/bin/privsep-helper --config-file {etc}/nova.conf --config-file {etc}/{host}.conf"
    privileges = ("vif_plug_ovs_privileged", "vif_plug_linux_bridge_privileged", "privsep", "nova_sys_admin",
                  "privsep_osbrick")  # fmt: skip
    return {
        "DEFAULT": {
            **own,
            "compute_driver": "libvirt.LibvirtDriver",
            "force_raw_images": False,
            "use_cow_images": True,
            "shutdown_timeout": 10,
            "vif_plugging_timeout": 60,
            "vif_plugging_is_fatal": True,
            "flat_injected": False,
        },
        "libvirt": {
            "virt_type": "qemu",
            "cpu_mode": "none",
            "connection_uri": f"qemu+unix:///system?socket={w.place.runtime / 'libvirt' / 'libvirt-sock'}",
            "hw_machine_type": "x86_64=pc",
            "num_pcie_ports": 0,
        },
        "os_vif_ovs": {"ovsdb_connection": f"unix:{w.place.chassis(host) / 'db.sock'}"},
        "workarounds": {"skip_cpu_compare_on_dest": True},
        **{section: {"helper_command": helper} for section in privileges},
    }


def _cinder(w: _Writer) -> _Sections:
    return {
        "DEFAULT": {
            "log_file": _log(w, "cinder"),
            "state_path": w.place.base / "cinder",
            "transport_url": w.transport,
            "auth_strategy": "keystone",
            "my_ip": LOOPBACK,
            "host": "storage1",
            "api_paste_config": VENV / "etc" / "cinder" / "api-paste.ini",
            "resource_query_filters_file": VENV / "etc" / "cinder" / "resource_filters.json",
            "enabled_backends": "files",
            "default_volume_type": "__DEFAULT__",
            "glance_api_servers": w.place.url("glance"),
            "allowed_direct_url_schemes": "",
            "backup_driver": "file_backups.FileBackupDriver",
            "backup_compression_algorithm": "zstd",  # a sparse volume is mostly zeros, and zlib slow to find out
            "backup_posix_path": w.place.base / "cinder" / "backups",
        },
        "database": w.database("cinder"),
        "files": {
            "volume_backend_name": "files",
            "volume_driver": "file_volumes.FileVolumeDriver",
            "irisplane_volumes": w.place.base / "cinder" / "volumes",
        },
        "oslo_concurrency": w.threads,
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": False},
        "keystone_authtoken": w.guard("cinder"),
        "service_user": {**w.login("cinder"), "send_service_user_token": True},
        "nova": w.login("nova"),
    }
