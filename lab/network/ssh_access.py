"""How a person enters the lab's routers with plain ``ssh``: a key, the routers' host keys, and a configuration file.

ssh -F var/lab/ssh/config cr01 'show ip ospf neighbor'
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lab.network.layout import Layout, write_whole
from lab.network.topology import Topology

__all__ = ["person_key", "write_client_files"]


def person_key(layout: Layout) -> str:
    """The public key that account ``admin`` takes on every router; made once, its private half beside the config."""
    path = layout.base / "ssh" / "id_ed25519"
    public_path = path.with_suffix(".pub")
    if path.exists() and public_path.exists():
        return public_path.read_text().strip()
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    write_whole(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), 0o600)
    write_whole(public_path, f"{public} irisplane lab\n")
    return public_path.read_text().strip()


def write_client_files(layout: Layout, topology: Topology) -> None:
    """``config`` and ``known_hosts`` for the OpenSSH client: strict, with the host keys the routers really have."""
    folder = layout.base / "ssh"
    hosts, known = [], []
    for router in topology.routers:
        address = layout.instance.mgmt_address(router.number)
        hosts.append(f"Host {router.name}\n  HostName {address}\n")
        known.append(f"{address} {layout.host_key(router.name)[1]}\n")
    common = (
        "Host *\n  User admin\n"
        f"  IdentityFile {folder}/id_ed25519\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n"
    )
    write_whole(folder / "known_hosts", "".join(known))
    write_whole(folder / "config", "".join(hosts) + common)
