"""The lab's identity provider and Irisplane beside it, both really served on loopback."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from core.db import Database
from core.keyring import KeyFile
from core.roles import SCOPES
from core.settings import Settings, load
from lab.oidc import provider as lab
from tests.api.serving import serve
from tests.documented import watched

__all__ = ["LabProvider", "World", "cookies_of", "free_port", "run_provider", "world", "world_of"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LabProvider:
    """The running provider."""

    port: int
    people: Path
    clients: lab.Clients

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def alter(self, login: str, /, **changes: object) -> None:
        """Change what the provider knows of somebody."""
        known = json.loads(self.people.read_text())
        for person in known["people"]:
            if person["login"] == login:
                person.update(changes)
        self.people.write_text(json.dumps(known))

    def access_token(self, client: str = "machine", *, scope: str = "", resource: str | None = None) -> str:
        """An access token by client credentials."""
        asked = {"grant_type": "client_credentials", "resource": resource or self.clients.resource, "scope": scope}
        answer = httpx2.post(
            f"{self.issuer}/token", data=asked, auth=(client, self.clients.machines[client]), trust_env=False
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def rotate_keys(self) -> None:
        assert httpx2.post(f"{self.issuer}/lab/rotate-keys", trust_env=False).status_code == 204


@dataclass
class World:
    """Irisplane at an address that its provider knows."""

    url: str
    app: FastAPI
    settings: Settings
    provider: LabProvider
    database: Database
    clients: list[httpx2.Client] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def browser(self, **headers: str) -> httpx2.Client:
        """A new browser: cookies of its own, redirects followed."""
        made = httpx2.Client(base_url=self.url, follow_redirects=True, trust_env=False, headers=headers, timeout=60)
        self.clients.append(made)
        return made

    def at_provider(self, client: httpx2.Client, query: str = "") -> httpx2.Response:
        """The provider's log-in form, as the browser gets it."""
        form = client.get(f"/sign-in/lab{query}")
        assert 'name="password"' in form.text, form.text
        return form

    def log_in(self, client: httpx2.Client, form: httpx2.Response, login: str) -> httpx2.Response:
        """Fill the form; gives where the browser ends."""
        return client.post(str(form.url), data={"login": login, "password": "lab"})

    def sign_in(self, login: str, query: str = "") -> tuple[httpx2.Client, httpx2.Response]:
        """A new browser that signs in; gives it with the last page."""
        client = self.browser()
        return client, self.log_in(client, self.at_provider(client, query), login)

    def csrf(self, client: httpx2.Client) -> dict[str, str]:
        return {"X-CSRF-Token": client.get("/api/v1/session").json()["csrf_token"]}


@contextmanager
def run_provider(folder: Path, url: str) -> Iterator[LabProvider]:
    """The provider, started for an Irisplane at ``url``."""
    why_not = lab.absent()
    if why_not:
        pytest.skip(f"the identity provider cannot run here: {why_not}")
    lab.install()
    port = free_port()
    people = folder / "people.json"
    shutil.copy(lab.PEOPLE, people)
    machines = {"machine": lab.new_secret(), "stranger": lab.new_secret()}
    clients = lab.Clients([url], lab.new_secret(), machines, f"{url}/api/v1", list(SCOPES))
    config = folder / "provider.json"
    config.write_text(json.dumps(lab.configuration(port, clients, people)))
    log = folder / "provider.log"
    with log.open("wb") as out:
        process = subprocess.Popen(lab.command(config), stdout=out, stderr=out, env=lab.environment())
        try:
            lab.ready(port, lambda: process.poll() is None, log)
            yield LabProvider(port, people, clients)
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def world_of(database: Database, folder: Path, **more: Any) -> Iterator[World]:
    """A provider, and an Irisplane that takes its word."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with run_provider(folder, url) as provider:
        secret = folder / "client.secret"
        secret.write_text(provider.clients.secret)
        issuers = json.loads(lab.issuers_file(provider.port, provider.clients, secret))
        issuers["issuers"][0]["tenants"] = {"21009": "ixelles", "21016": "uccle", "region": "region"}
        (folder / "oidc.yaml").write_text(json.dumps(issuers))
        environment = {"IRISPLANE_INSTANCE": "test", "IRISPLANE_STATE_DIR": str(folder), "IRISPLANE_PUBLIC_URL": url}
        settings = load(environment).model_copy(update={"rate_limit_sign_in": "off", **more})
        KeyFile(settings.key_file).ensure()
        app = watched(create_app(database, settings))
        with serve(app, port):
            world = World(url, app, settings, provider, database)
            try:
                yield world
            finally:
                for client in world.clients:
                    client.close()


def cookies_of(answer: httpx2.Response) -> dict[str, str]:
    """Set-Cookie lines by cookie name."""
    return {
        match[1]: line
        for line in answer.headers.get_list("set-cookie")
        if (match := re.match(r"([^=]+)=", line)) is not None
    }


@pytest.fixture(scope="module")
def world(database: Database, tenants: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The provider and Irisplane beside it, on the module's database."""
    with world_of(database, tmp_path_factory.mktemp("world")) as made:
        yield made
