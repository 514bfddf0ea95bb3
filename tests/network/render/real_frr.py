"""A throw-away real FRR: daemons in namespaces of their own, a configuration in, the running one out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

FRR = Path("/usr/lib/frr")
available = os.geteuid() == 0 and (FRR / "bgpd").exists() and shutil.which("unshare") is not None

_SCRIPT = """
mount --make-rprivate /
mount --bind {home}/etc /etc/frr
mount --bind {home}/run /run/frr
hostname {name}
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
for i in {interfaces}; do
  ip link add "$i" type veth peer name "p-$i"
  ip link set "$i" up
  ip link set "p-$i" up
done
for d in zebra staticd ospfd ospf6d bgpd bfdd; do
  {frr}/$d -d -A 127.0.0.1 -P 0 -u frr -g frr >/dev/null 2>&1
done
for n in 1 2 3 4 5 6 7 8 9 10; do [ -S /run/frr/bgpd.vty ] && [ -S /run/frr/ospf6d.vty ] && break; sleep 0.2; done
vtysh -b > {home}/boot.txt 2>&1
vtysh -c 'show running-config' > {home}/running.txt 2>&1
for p in /run/frr/*.pid; do kill "$(cat "$p")"; done
"""


def load(configuration: str, hostname: str, interfaces: tuple[str, ...] = ()) -> tuple[str, str]:
    """What vtysh said while loading, and ``show running-config`` afterwards."""
    home = Path(tempfile.mkdtemp(prefix="irisplane-frr-"))
    try:
        home.chmod(0o755)
        for folder in ("etc", "run"):
            (home / folder).mkdir()
        (home / "etc/frr.conf").write_text(configuration)
        (home / "etc/vtysh.conf").write_text("service integrated-vtysh-config\n")
        for path in (home / "etc", home / "run", *(home / "etc").iterdir()):
            shutil.chown(path, "frr", "frr")
        script = _SCRIPT.format(home=home, name=hostname, frr=FRR, interfaces=" ".join(interfaces))
        subprocess.run(["unshare", "-n", "-m", "-u", "sh", "-c", script], check=True, timeout=180, capture_output=True)
        return (home / "boot.txt").read_text(), (home / "running.txt").read_text()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def syntax(configuration: str) -> str:
    """What ``vtysh -C`` has against a configuration; empty when it has nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(configuration)
        file.flush()
        done = subprocess.run(
            ["vtysh", "-C", "-f", file.name], capture_output=True, text=True, timeout=120, check=False
        )
    return (done.stdout + done.stderr).strip() if done.returncode else ""
