"""A router's own disk: the files of its private ``/etc``, made once and kept over power losses.

The private ``/etc`` holds only what the router's programs read, with the router's own accounts, host key and machine
id; nothing of this machine's secrets. It is bound as a folder: binds over single files vanish from running namespaces
as soon as anybody renames a new file over them.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from lab.network.layout import Credentials, Layout, write_whole
from lab.network.light import agent_lines, write_optics
from lab.network.ssh_access import person_key
from lab.network.topology import Router

__all__ = [
    "ACCOUNTS", "OPS", "bootstrap_configuration", "copy_system_files", "format_disk", "hash_password", "let_ops_in",
    "write_accounts",
]  # fmt: skip

OPS: Mapping[str, tuple[int, str]] = {"ops": (47003, "/bin/bash")}
"""The account of plays, on every router and host; root through sudo, as is usual for Ansible."""
ACCOUNTS: Mapping[str, tuple[int, str]] = {
    "irisplane": (47001, "/bin/bash"), "admin": (47002, "/usr/bin/vtysh"), **OPS,
}  # fmt: skip
"""Log-ins on every router: user id and shell. ``ssh admin@router 'show version'`` speaks to vtysh."""

_COPIED = (
    "bash.bashrc", "debian_version", "environment", "gai.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "localtime", "login.defs", "lsb-release", "nsswitch.conf", "os-release", "pam.conf", "pam.d", "profile",
    "protocols", "security", "services", "shells",
)  # fmt: skip
_JOINED_GROUPS = ("frr", "frrvty", "_lldpd", "adm")  # adm: Debian lets that group run lldpcli
_SUDOERS = (
    "Defaults env_reset\n"
    'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n'
    "root ALL=(ALL:ALL) ALL\n"
    "ops ALL=(ALL:ALL) NOPASSWD: ALL\n"
)


def hash_password(password: str) -> str:
    """A password as ``/etc/shadow`` keeps it (SHA-512 crypt)."""
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password + "\n", text=True, capture_output=True, check=True
    )
    return done.stdout.strip()


def bootstrap_configuration(layout: Layout, router: Router) -> str:
    """What a new router is delivered with: its name and its management address. The rest comes over the network."""
    network = layout.instance.mgmt_network
    return (
        "frr defaults traditional\n"
        f"hostname {router.name}\n"
        "log file /var/log/frr/frr.log warnings\n"
        "agentx\n"
        "service integrated-vtysh-config\n"
        "!\n"
        "interface mgmt0\n"
        f" ip address {layout.instance.mgmt_address(router.number)}/{network.prefixlen}\n"
        "exit\n"
        "!\n"
        "end\n"
    )


def _sshd_config() -> str:
    accounts = " ".join(ACCOUNTS)
    return (
        "Include /etc/ssh/sshd_config.d/*.conf\n"
        "Port 22\n"
        "ListenAddress 0.0.0.0\n"
        "ListenAddress ::\n"
        "HostKey /etc/ssh/ssh_host_ed25519_key\n"
        "PidFile /run/sshd.pid\n"
        f"AllowUsers {accounts}\n"
        "UsePAM no\n"
        "PasswordAuthentication yes\n"
        "AuthorizedKeysFile /etc/ssh/authorized_keys/%u\n"
        "KbdInteractiveAuthentication no\n"
        "PermitRootLogin no\n"
        "UseDNS no\n"
        "PrintMotd no\n"
        "PrintLastLog no\n"
        "X11Forwarding no\n"
        "AllowTcpForwarding no\n"
        "MaxStartups 100\n"
        "MaxSessions 50\n"
        "Subsystem sftp internal-sftp\n"
    )


def _snmpd_config(layout: Layout, router: Router, credentials: Credentials) -> str:
    snmp = credentials["snmp"]
    return (
        "agentaddress udp:161\n"
        f"rocommunity {snmp['community']}\n"
        f'createUser {snmp["v3_user"]} SHA-256 "{snmp["v3_auth"]}" AES "{snmp["v3_privacy"]}"\n'
        f"rouser {snmp['v3_user']} authpriv\n"
        f"sysName {router.name}\n"
        f"sysLocation {router.site}\n"
        "sysContact noc@irisplane.example\n"
        "sysServices 4\n"
        "master agentx\n"
        "agentXSocket /run/frr/agentx\n"
        "agentXPerms 0660 0550 root frr\n"
        "interface_fadeout 5\n"
        # FRR's and lldpd's notifications go out through snmpd: whoever watches this lab looks at once
        f"trap2sink {layout.instance.mgmt_gateway}:{layout.instance.trap_port} {snmp['community']}\n"
        + "".join(f"{line}\n" for line in agent_lines(router))
    )


def let_ops_in(etc: Path) -> None:
    """``sudo`` for the account of plays."""
    write_whole(etc / "sudoers", _SUDOERS, 0o440)


def write_accounts(etc: Path, accounts: Mapping[str, tuple[int, str]], hashes: Mapping[str, str]) -> None:
    """``passwd``, ``shadow`` and ``group``: this machine's system accounts, locked, and these of its own."""
    system = [user for user in pwd.getpwall() if user.pw_uid < 1000 and user.pw_name not in accounts]
    passwd = [f"{u.pw_name}:x:{u.pw_uid}:{u.pw_gid}::{u.pw_dir}:{u.pw_shell}" for u in system]
    shadow = [f"{u.pw_name}:*:19000::::::" for u in system]
    group = []
    for known in grp.getgrall():
        if known.gr_name in accounts or known.gr_gid >= 1000:
            continue
        joined = list(accounts) if known.gr_name in _JOINED_GROUPS else []
        members = [*(m for m in known.gr_mem if m not in accounts), *joined]
        group.append(f"{known.gr_name}:x:{known.gr_gid}:{','.join(members)}")
    for name, (uid, shell) in accounts.items():
        passwd.append(f"{name}:x:{uid}:{uid}::/tmp:{shell}")
        shadow.append(f"{name}:{hashes[name]}:19000::::::")
        group.append(f"{name}:x:{uid}:")
    write_whole(etc / "passwd", "\n".join(passwd) + "\n")
    write_whole(etc / "group", "\n".join(group) + "\n")
    # root:shadow 640, or vtysh says "vtysh_pam: Failed in account validation"
    write_whole(etc / "shadow", "\n".join(shadow) + "\n", 0o640, (0, grp.getgrnam("shadow").gr_gid))


def copy_system_files(etc: Path) -> None:
    """What programs read of ``/etc`` that is the same on every Debian machine; nothing of this one's secrets."""
    for name in _COPIED:
        source = Path("/etc") / name
        if source.is_dir():
            shutil.copytree(source, etc / name, symlinks=True, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, etc / name)


def _roots_door(etc: Path) -> None:
    """The program behind which the Linux half lies (``network/drivers/frr/linux``): root's own, as of a package."""
    room = files("network.drivers.frr")
    target = etc / "irisplane" / "network" / "drivers" / "frr"
    for name in ("linux/__init__.py", "linux/grammar.py", "linux/kernel.py", "linux/door.py", "onrouter/reach.py"):
        write_whole(target / name, room.joinpath(name).read_text())
    for folder in (target, target / "onrouter", target.parent, target.parent.parent):
        write_whole(folder / "__init__.py", "")


def format_disk(layout: Layout, router: Router, credentials: Credentials, hashes: Mapping[str, str]) -> str:
    """Make a router's disk as delivered; its public host key.

    What the router already has on it (configuration, host key, machine id) stays.
    """
    home = layout.router(router.name)
    etc, log, snmp = home / "etc", home / "log", home / "snmp"
    for folder in (etc, log, snmp):
        folder.mkdir(parents=True, exist_ok=True)
    copy_system_files(etc)
    write_accounts(etc, ACCOUNTS, hashes)
    let_ops_in(etc)
    _roots_door(etc)
    frr = (pwd.getpwnam("frr").pw_uid, grp.getgrnam("frr").gr_gid)
    vty = (frr[0], grp.getgrnam("frrvty").gr_gid)
    os.chown(log, *frr)
    (etc / "frr").mkdir(exist_ok=True)
    os.chown(etc / "frr", *vty)
    (etc / "frr").chmod(0o2770)
    if not (etc / "frr" / "frr.conf").exists():
        write_whole(etc / "frr" / "frr.conf", bootstrap_configuration(layout, router), 0o660, vty)
    write_whole(etc / "frr" / "vtysh.conf", "service integrated-vtysh-config\n", 0o640, vty)
    if not (etc / "machine-id").exists():
        write_whole(etc / "machine-id", uuid.uuid4().hex + "\n", 0o444)
    write_whole(etc / "hostname", router.name + "\n")
    write_whole(etc / "hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {router.name}\n")
    write_whole(etc / "ssh" / "sshd_config", _sshd_config())
    write_whole(etc / "ssh" / "authorized_keys" / "admin", person_key(layout) + "\n")
    write_whole(etc / "snmp" / "snmpd.conf", _snmpd_config(layout, router, credentials), 0o600)
    write_optics(etc)
    # FRR's AgentX sub-agents look for /var/agentx/master unless this file says otherwise
    write_whole(etc / "snmp" / "frr.conf", "agentXSocket /run/frr/agentx\n")
    return layout.host_key(router.name)[1]
