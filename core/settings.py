"""What may be set from outside: the ``IRISPLANE_*`` variables, checked once, each wrong one named.

Everything has a default that runs the region on one machine. ``docs/settings.md`` is generated from this module
(``python -m core.settings``).
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from core.errors import Misconfigured
from core.instance import INSTANCES, Instance

__all__ = ["Settings", "get_settings", "is_loopback", "load"]

PREFIX: Final = "IRISPLANE_"

READ_ELSEWHERE: Final[Mapping[str, str]] = {
    "IRISPLANE_URL": "where the command line finds the API (default: the profile in credentials/cli.json)",
    "IRISPLANE_TOKEN": "the token the command line sends (default: the profile's)",
    "IRISPLANE_PROFILE": "whose profile the command line uses (default: engineer)",
    "IRISPLANE_LANG": "language of the command line: fr, nl or en",
    "IRISPLANE_LONG": "1: the tests repeat with the full counts of each claim",
}
"""Variables that are ours but are no setting of the server."""

_FREE_PREFIXES: Final = ("IRISPLANE_TEST_", "IRISPLANE_BENCH_", "IRISPLANE_LAB_")


class Settings(BaseModel):
    """The settings of one process, frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str = Field(
        "main", description="Which Irisplane on this machine; ports, subnets and folders follow from it."
    )
    state_dir: Path = Field(Path(), description="What survives a restart: database, keys, audit, credentials.")
    runtime_dir: Path = Field(Path(), description="Unix sockets and process ids.")
    listen: str = Field("", description="Where API and pages listen, host:port. Beyond loopback only with TLS.")
    public_url: str = Field("", description="How people reach the pages: the start of links in mails and webhooks.")
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM) of API and pages.")
    tls_key: Path | None = Field(None, description="Its private key (PEM).")
    database_url: SecretStr | None = Field(
        None,
        description="A served PostgreSQL 18 or newer; the user name is replaced by irisplane_<role>. Unset: embedded.",
    )
    key_file: Path = Field(Path(), description="Master keys of the secret store, mode 0600, never in the database.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server for notices, smtp://[user:password@]host:port or smtps://. Unset: the lab's.",
    )
    mail_from: str = Field("irisplane@localhost", description="Sender of notices.", pattern=r"^[^@\s]+@[^@\s]+$")
    approval_lapse_hours: Annotated[
        int, Field(ge=1, le=8760, description="An approval lapses after so many hours.")
    ] = 72
    change_expiry_hours: Annotated[int, Field(ge=1, le=8760, description="A change nobody approved expires after.")] = (
        168
    )
    emergency_second_hours: Annotated[
        int, Field(ge=1, le=168, description="The second approval of an emergency is due within.")
    ] = 24
    lease_seconds: Annotated[float, Field(gt=0, le=300, description="A worker that is silent so long is lost.")] = 5.0
    lease_beat_seconds: Annotated[float, Field(gt=0, le=60, description="How often a worker shows that it lives.")] = (
        1.0
    )
    checkpoint_minutes: Annotated[
        int, Field(ge=1, le=1440, description="How often the journal's chain is signed to a file outside the database.")
    ] = 5
    lab: Literal["on", "off"] = Field("on", description="Whether the lab's routers belong to this instance.")
    lab_routers: Annotated[int, Field(ge=4, le=60, description="How many routers the lab has.")] = 12
    lab_cloud: Literal["auto", "qemu", "fake", "off"] = Field(
        "auto",
        description="The lab's cloud: real machines (`qemu`, as root), none (`fake`: a virt driver of ours that only"
        " plugs ports), or no cloud. `auto`: the first that can run here; `off` with IRISPLANE_LAB=off.",
    )
    clouds_file: Path = Field(
        Path(), description="The `clouds.yaml` that names the private cloud; none there: no hosting."
    )
    cloud_name: str = Field("irisplane", description="Which entry of it is ours.", min_length=1, max_length=100)
    console_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=86400,
            description="How long an address of a serial console opens it: the cloud's `[consoleauth] token_ttl`.",
        ),
    ] = 600
    outlines_file: Path | None = Field(
        None,
        description="GeoJSON with the outlines of communes for the map, by NIS code (`nis` or `nis_code`), `name_fr`"
        " and `name_nl`; what it says under `attribution` is shown. Unset: the map shows places and links alone.",
    )
    server_keep_hours: Annotated[
        int, Field(ge=0, le=8760, description="A server that was given back is kept, stopped, for so many hours.")
    ] = 72
    webhook_allow_private: bool = Field(
        default=False, description="Whether webhooks may go to loopback and private addresses."
    )
    terraform_state_versions: Annotated[
        int, Field(ge=1, le=1000, description="Versions of a Terraform state that are kept, the newest ones.")
    ] = 50
    terraform_state_mib: Annotated[int, Field(ge=1, le=8, description="MiB that one Terraform state may have.")] = 8
    terraform_states_mib: Annotated[
        int, Field(ge=8, le=1048576, description="MiB that the kept versions of all states of a tenant may take.")
    ] = 1024
    oidc_file: Path = Field(
        Path(),
        description="Identity providers that people and machines sign in with (docs/identity.md); may be absent.",
    )
    session_idle_minutes: Annotated[
        int, Field(ge=1, le=1440, description="A browser's session ends when nothing was asked for so long.")
    ] = 60
    session_hours: Annotated[int, Field(ge=1, le=168, description="And after so long in any case.")] = 12
    sign_in_by_token: bool = Field(
        default=True,
        description="Whether a browser may sign in with a person's token (`irisplane web`) beside the providers.",
    )
    invitation_days: Annotated[int, Field(ge=1, le=30, description="An invitation is good for so long.")] = 7
    rate_limit: str = Field(
        "3000/30",
        description="Requests of one token or session: `quota/seconds`, or `off`. Each process counts for itself.",
    )
    rate_limit_address: str = Field(
        "1200/60", description="Requests of one address where no token is asked for: health, metrics, sign-in pages."
    )
    rate_limit_refused: str = Field("60/60", description="Requests of one address whose token or session is refused.")
    rate_limit_sign_in: str = Field(
        "300/60", description="Sign-ins that one address may begin or bring back; a whole office may be one address."
    )
    server_lease_days: Annotated[int, Field(ge=1, le=3650, description="How long a server's lease is renewed for.")] = (
        90
    )
    server_lease_warning_days: str = Field(
        "14,3,1", description="Days before the end of a server's lease on which people are warned, by commas."
    )
    server_lease_grace_days: Annotated[
        int, Field(ge=0, le=3650, description="Days a server stays stopped after its lease before it is given back.")
    ] = 7
    prometheus_url: str = Field(
        "",
        description="The Prometheus that scrapes us and is read from, http://host:port. Unset: the one that is started"
        " here where Debian's is installed.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of reverse proxies, by commas, whose `X-Forwarded-For` and `-Proto` are believed. Unset:"
        " none, so all who come through a proxy count as one address.",
    )

    @field_validator("instance")
    @classmethod
    def _known_instance(cls, value: str) -> str:
        if value not in INSTANCES:
            raise ValueError(f"one of {', '.join(INSTANCES)}")
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value:
            _split_listen(value)
        return value

    @field_validator("public_url", "prometheus_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("http://host[:port] or https://host[:port]")
        return value.rstrip("/")

    @field_validator("rate_limit", "rate_limit_address", "rate_limit_refused", "rate_limit_sign_in")
    @classmethod
    def _quota(cls, value: str) -> str:
        if value != "off" and not re.fullmatch(r"[1-9][0-9]{0,6}/[1-9][0-9]{0,4}", value):
            raise ValueError("requests/seconds, for example 3000/30, or off")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(part)
            except ValueError as error:
                raise ValueError("addresses or networks by commas, for example 10.0.0.5,10.1.0.0/24") from error
        return value

    @field_validator("server_lease_warning_days")
    @classmethod
    def _days(cls, value: str) -> str:
        if not re.fullmatch(r"([1-9][0-9]{0,2})?(,[1-9][0-9]{0,2})*", value):
            raise ValueError("days by commas, for example 14,3,1")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and (urlsplit(url).scheme not in {"smtp", "smtps"} or not urlsplit(url).hostname):
            raise ValueError("smtp://[user:password@]host[:port] or smtps://[user:password@]host[:port]")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value and urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ValueError("postgresql://[:password@]host[:port]/database")
        return value

    @field_validator("tls_cert", "tls_key")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value and not os.access(value, os.R_OK):
            raise ValueError("a file that this user can read")
        return value

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_instance(cls, data: Any) -> Any:
        name = data.get("instance") or "main"
        if name not in INSTANCES:
            return data
        state = data.get("state_dir")
        of = Instance.named(name, state_dir=Path(state).resolve() if state else None)
        data["state_dir"] = of.state_dir
        data["runtime_dir"] = Path(data.get("runtime_dir") or of.runtime_dir).resolve()
        data.setdefault("key_file", of.state_dir / "keys" / "master.json")
        data.setdefault("oidc_file", of.state_dir / "oidc.yaml")
        data.setdefault("listen", f"127.0.0.1:{of.api_port}")
        data.setdefault("clouds_file", of.cloud_dir / "clouds.yaml")
        data.setdefault("smtp_url", f"smtp://127.0.0.1:{of.smtp_port}")
        data.setdefault("prometheus_url", f"http://127.0.0.1:{of.prometheus_port}")
        return data

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "TLS_CERT" if self.tls_cert is None else "TLS_KEY"
            raise _Together(missing, "unset", "both IRISPLANE_TLS_CERT and IRISPLANE_TLS_KEY, or neither")
        if not self.tls_cert and not is_loopback(self.listen_host):
            raise _Together(
                "LISTEN", self.listen, "a loopback address, or IRISPLANE_TLS_CERT and IRISPLANE_TLS_KEY set as well:"
                " plain HTTP stays on this machine"
            )  # fmt: skip
        if self.lease_beat_seconds * 2 > self.lease_seconds:
            raise _Together("LEASE_BEAT_SECONDS", self.lease_beat_seconds, "at most half of IRISPLANE_LEASE_SECONDS")
        return self

    @property
    def place(self) -> Instance:
        """The instance with its folders."""
        base = Instance.named(self.instance, state_dir=self.state_dir)
        return Instance(base.name, base.index, self.state_dir, self.runtime_dir)

    @property
    def server_lease_warnings(self) -> tuple[int, ...]:
        """``server_lease_warning_days`` as numbers, the earliest warning first; at most a year before."""
        return tuple(
            sorted({min(int(day), 365) for day in self.server_lease_warning_days.split(",") if day}, reverse=True)
        )

    @property
    def listen_host(self) -> str:
        """Host part of ``listen``, without brackets."""
        return _split_listen(self.listen)[0]

    @property
    def reached_host(self) -> str:
        """Where this machine reaches what listens there: loopback, for what listens on every address."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.listen_host, self.listen_host)  # noqa: S104 - compared, not listened on

    @property
    def listen_port(self) -> int:
        """Port part of ``listen``."""
        return _split_listen(self.listen)[1]

    @property
    def url(self) -> str:
        """How people reach us: ``public_url``, or what ``listen`` says."""
        host = "localhost" if self.listen_host in {"0.0.0.0", "::"} else self.listen_host  # noqa: S104 - no name for all
        host = f"[{host}]" if ":" in host else host
        return self.public_url or f"{'https' if self.tls_cert else 'http'}://{host}:{self.listen_port}"


class _Together(ValueError):
    """Two settings do not fit together."""

    def __init__(self, variable: str, value: object, allowed: str) -> None:
        super().__init__(allowed)
        self.variable, self.value, self.allowed = variable, value, allowed


def _split_listen(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("host:port, for example 127.0.0.1:8080 or [::1]:8080")
    return host, int(port)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that an environment gives.

    Raises:
        Misconfigured: one line for each wrong variable: its name, its value (never a secret's), what is allowed.
    """
    env = dict(os.environ if environment is None else environment)
    wrong = _unknown(env)
    given = {key.removeprefix(PREFIX).lower(): value for key, value in env.items() if key.startswith(PREFIX) and value}
    values = {name: value for name, value in given.items() if name in Settings.model_fields}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        wrong = [*_complaints(error, values), *wrong]
    if wrong:
        names = [line.split(" ", 1)[0].split("=", 1)[0] for line in wrong]
        raise Misconfigured("\n".join(wrong), variables=names)
    return settings


@cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def _unknown(env: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | READ_ELSEWHERE.keys()
    out = []
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in known and not name.startswith(_FREE_PREFIXES):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            out.append(f"{name} is no setting of Irisplane{f'; did you mean {near[0]}?' if near else '.'}")
    return out


def _complaints(error: ValidationError, values: Mapping[str, str]) -> list[str]:
    out = []
    for problem in error.errors():
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, _Together):
            out.append(f"{PREFIX}{cause.variable}={cause.value}: must be {cause.allowed}.")
            continue
        field = str(problem["loc"][0])
        allowed = str(cause) if isinstance(cause, ValueError) else problem["msg"].removeprefix("Input should be ")
        shown = "<withheld>" if _is_secret(field) else values.get(field, "")
        out.append(f"{PREFIX}{field.upper()}={shown}: must be {allowed}.")
    return out


def _is_secret(field: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[field].annotation)


_WORDS: Final = {"Ge": "at least", "Le": "at most", "Gt": "above"}


def as_markdown() -> str:
    """The reference page of the settings."""
    lines = [
        "# Settings",
        "",
        "Irisplane reads `IRISPLANE_*` variables once, when a process starts. A wrong or unknown one stops the start,",
        "with its name, its value and what is allowed. Written by `python -m core.settings`; do not edit by hand.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    of_instance = {
        "state_dir": "`var`, or `var/instances/<name>`",
        "runtime_dir": "`/run/irisplane/<name>` as root, else `/tmp/irisplane-<uid>-<name>`",
        "listen": "`127.0.0.1:8080`, plus 10 per instance",
        "key_file": "`<state_dir>/keys/master.json`",
        "clouds_file": "`<state_dir>/cloud/clouds.yaml`",
        "oidc_file": "`<state_dir>/oidc.yaml`",
        "smtp_url": "`smtp://127.0.0.1:8082`, plus 10 per instance",
        "public_url": "what `listen` says",
        "prometheus_url": "`http://127.0.0.1:8084`, plus 10 per instance",
    }
    for name, field in Settings.model_fields.items():
        default = of_instance.get(name) or ("unset" if field.default is None else f"`{field.default}`")
        found = [re.fullmatch(r"(Ge|Le|Gt)\(\w+=(.+)\)", str(limit)) for limit in field.metadata]
        limits = ", ".join(f"{_WORDS[match[1]]} {match[2]}" for match in found if match)
        lines.append(
            f"| `{PREFIX}{name.upper()}` | {default} | {field.description}{f' ({limits})' if limits else ''} |"
        )
    lines += ["", "Read by other programs than the server:", ""]
    lines += [f"* `{name}`: {meaning}." for name, meaning in READ_ELSEWHERE.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
