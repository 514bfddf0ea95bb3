"""A NAPALM driver for FRRouting: ``napalm.get_network_driver("frr")``.

NAPALM ships none. This one stands on the same road as Irisplane's own pushes: candidate with a syntax check by the
router, semantic difference, merge and replace, commit with a timer on the router, confirm, rollback.

``optional_args``:
    ``host_keys``: the router's public keys (``["ssh-ed25519 AAAA…"]``). There is no way around them.
    ``port``, ``private_key``: as usual.
    ``change_id``, ``epoch``: the mark under which commands are given; made up when absent.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from napalm.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    ConnectAuthError,
    ConnectionException,
    MergeConfigException,
    ReplaceConfigException,
)

from network.drivers.frr import getters
from network.drivers.frr.driver import FRRConfigDriver
from network.drivers.protocol import Candidate, Mark, Prepared, Target, Timeouts
from network.errors import AuthenticationRefused, ConfirmRefused, DeviceHangs, DeviceUnreachable, NetworkError
from network.redact import redact
from network.render.normalise import normalise

__all__ = ["FRRDriver"]

_UNTIMED = 60  # seconds a commit without a timer of the caller's may take until it is confirmed


class FRRDriver(NetworkDriver):  # type: ignore[misc] # NAPALM publishes no types
    """FRRouting behind NAPALM's interface."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        options = optional_args or {}
        self.hostname, self.username, self.password, self.timeout = hostname, username, password, timeout
        self.driver = FRRConfigDriver(
            Target(
                name=hostname,
                host=hostname,
                username=username,
                password=password or None,
                private_key=options.get("private_key"),
                host_keys=tuple(options.get("host_keys", ())),
                port=int(options.get("port", 22)),
                timeouts=Timeouts(
                    connect=min(timeout, 10), banner=min(timeout, 10), log_in=min(timeout, 15), command=timeout
                ),
            )
        )
        self._change = str(options.get("change_id") or f"napalm-{uuid.uuid4()}")
        self._epoch = int(options.get("epoch", 0))
        self._step = 0
        self._candidate: Candidate | None = None
        self._prepared: Prepared | None = None
        self._before = ""
        self._pending = False

    @property
    def _mark(self) -> Mark:
        return Mark(self._change, f"commit-{self._step}", self._epoch)

    # ---------------------------------------------------------------------------------------------------- connection
    def open(self) -> None:
        """Connect, check the host key, log in."""
        try:
            self.driver.open()
        except AuthenticationRefused as error:
            raise ConnectAuthError(str(error)) from error
        except (DeviceUnreachable, DeviceHangs, NetworkError) as error:
            raise ConnectionException(f"{error.code}: {error}") from error
        if not self._epoch:
            self._epoch = self.driver.status(self._mark).epoch

    def close(self) -> None:
        """Hang up."""
        self.driver.close()

    def is_alive(self) -> dict[str, bool]:
        """Whether the connection stands."""
        return {"is_alive": self.driver.alive}

    # ------------------------------------------------------------------------------------------------------ candidate
    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load a whole configuration."""
        self._load(Candidate(_text(filename, config), "replace"), ReplaceConfigException)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load lines to type in."""
        self._load(Candidate(_text(filename, config), "merge"), MergeConfigException)

    def _load(self, candidate: Candidate, refused: type[Exception]) -> None:
        if self.has_pending_commit():
            raise refused("A commit waits for confirmation.")
        self.discard_config()
        self._step += 1
        try:
            self._prepared = self.driver.prepare(candidate, self._mark)
        except NetworkError as error:
            raise refused(f"{error.code}: {error}") from error
        self._candidate = candidate

    def compare_config(self) -> str:
        """The semantic difference, secrets redacted; empty when there is nothing to do."""
        return self._prepared.diff if self._prepared else ""

    def discard_config(self) -> None:
        """Forget the candidate."""
        if self._prepared and not self._pending:
            self.driver.rollback(self._mark)
        self._prepared = self._candidate = None

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:  # noqa: ARG002 - NAPALM's signature; the journal on the router keeps the mark
        """Commit; with ``revert_in`` the router takes it back after so many seconds unless it is confirmed."""
        if self._prepared is None:
            raise CommitError("No candidate is loaded.")
        self._before = self._prepared.reverse
        try:
            self.driver.commit(self._mark, revert_in or _UNTIMED)
            self._pending = True
            if revert_in is None:
                self.driver.confirm(self._mark)
                self._pending = False
        except NetworkError as error:
            raise CommitError(f"{error.code}: {error}") from error
        self._prepared = self._candidate = None

    def has_pending_commit(self) -> bool:
        """Whether a commit of this session waits for confirmation on the router."""
        self._pending = self._pending and self.driver.status(self._mark).state == "committed-pending"
        return self._pending

    def confirm_commit(self) -> None:
        """Keep what was committed."""
        try:
            self.driver.confirm(self._mark)
        except ConfirmRefused as error:
            raise CommitConfirmException(f"{error.code}: {error}") from error
        self._pending = False

    def rollback(self) -> None:
        """Back to the configuration before the last commit of this session."""
        if self.has_pending_commit():
            self.driver.rollback(self._mark)
            self._pending = False
        elif self._before:
            self._load(Candidate(self._before), ReplaceConfigException)
            self.commit_config()

    # -------------------------------------------------------------------------------------------------------- getters
    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, Any]:
        """Answers to ``show`` commands."""
        wanted = [f"{command} json" if encoding == "json" else command for command in commands]
        for command in wanted:
            if not command.startswith("show "):
                raise CommandErrorException(f"Only questions are asked here, not {command!r}.")
        answers = self.driver.show(*wanted)
        return {c: json.loads(a or "{}") if encoding == "json" else a for c, a in zip(commands, answers, strict=True)}

    def get_facts(self) -> dict[str, Any]:
        """Who the router is."""
        facts = self.driver.facts()
        return {
            "vendor": facts.vendor,
            "model": facts.model,
            "os_version": facts.os_version,
            "hostname": facts.hostname,
            "fqdn": facts.hostname,
            "serial_number": facts.serial_number,
            "uptime": facts.uptime,
            "interface_list": list(facts.interfaces),
        }

    def get_interfaces(self) -> dict[str, Any]:
        """Interfaces with state, speed, MTU and MAC address."""
        return getters.interfaces(self.driver.show_json("show interface json")[0])

    def get_interfaces_ip(self) -> dict[str, Any]:
        """Addresses by interface and family."""
        return getters.interfaces_ip(self.driver.show_json("show interface json")[0])

    def get_bgp_neighbors(self) -> dict[str, Any]:
        """BGP sessions, both families."""
        return getters.bgp_neighbors(*self.driver.show_json("show bgp summary json", "show bgp neighbors json"))

    def get_ospf_neighbors(self) -> dict[str, Any]:
        """OSPFv2 and OSPFv3 adjacencies (NAPALM has no model for them)."""
        answers = self.driver.show_json("show ip ospf neighbor json", "show ipv6 ospf6 neighbor json")
        return getters.ospf_neighbors(*answers)

    def get_lldp_neighbors(self) -> dict[str, Any]:
        """Who is at the far end of each cable."""
        return getters.lldp_neighbors(json.loads(self.driver.ask(("lldp", ""))[0] or "{}"))

    def get_arp_table(self, vrf: str = "") -> list[dict[str, Any]]:
        """IPv4 neighbours."""
        return getters.arp(self._kernel_neighbours(vrf))

    def get_ipv6_neighbors_table(self) -> list[dict[str, Any]]:
        """IPv6 neighbours."""
        return getters.neighbours6(self._kernel_neighbours(""))

    def _kernel_neighbours(self, vrf: str) -> list[dict[str, Any]]:
        if vrf:
            raise NotImplementedError("Only the default VRF is read.")
        entries: list[dict[str, Any]] = json.loads(self.driver.ask(("neighbours", ""))[0] or "[]")
        return entries

    def get_route_to(self, destination: str = "", protocol: str = "", longer: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - NAPALM's signature
        """Routes to a destination, both families."""
        family = "ipv6" if ":" in destination else "ip"
        words = [f"show {family} route", destination, "longer-prefixes" if longer else "", "json"]
        return getters.routes(self.driver.show_json(" ".join(word for word in words if word))[0], protocol)

    def get_environment(self) -> dict[str, Any]:
        """Load and memory; a namespace has no fans, sensors or supplies of its own."""
        said = self.driver.ask(("system", ""))[0]
        memory = dict(re.findall(r"(\w+):\s+(\d+) kB", said))
        total, free = int(memory.get("MemTotal", 0)), int(memory.get("MemAvailable", 0))
        cores = int(said.split()[-1]) if said else 1
        load = float(said.split()[0]) if said else 0.0
        return {
            "fans": {},
            "temperature": {},
            "power": {},
            "cpu": {0: {"%usage": round(min(100.0, 100 * load / cores), 1)}},
            "memory": {"available_ram": total * 1024, "used_ram": (total - free) * 1024},
        }

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: FBT001, FBT002, ARG002 - NAPALM's signature; FRR does not print defaults
        sanitized: bool = False,  # noqa: FBT001, FBT002 - NAPALM's signature
        format: str = "text",  # noqa: A002, ARG002 - NAPALM's signature; FRR has text only
    ) -> dict[str, str]:
        """Running, startup and candidate configuration."""
        out = {"running": "", "startup": "", "candidate": ""}
        if retrieve in ("all", "running"):
            out["running"] = self.driver.running()
        if retrieve in ("all", "startup"):
            out["startup"] = normalise(self.driver.ask(("startup", ""))[0], "frr")
        if retrieve in ("all", "candidate") and self._candidate:
            out["candidate"] = self._candidate.text
        return {name: redact(text, "frr") for name, text in out.items()} if sanitized else out


def _text(filename: str | None, config: str | None) -> str:
    return config if config is not None else Path(filename or "").read_text()
