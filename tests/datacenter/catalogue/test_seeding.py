"""The catalogue that comes with the lab is imported over the API where there is none, and left alone afterwards."""

from __future__ import annotations

from fastapi import FastAPI

from core.settings import Settings
from lab import seed
from lab.desk import Desk
from tests.api.people import Hire
from tests.api.serving import serve


def test_the_lab_gets_its_catalogue_once(app: FastAPI, settings: Settings, hire: Hire) -> None:
    manager = hire("mona", "platform-manager")
    people = {name: {"token": manager.token} for name in ("manager", "engineer")}
    with serve(app) as address:
        here = settings.model_copy(update={"listen": address.removeprefix("http://")})
        with Desk(here, people) as desk:
            assert seed._catalogue(desk) is True
            assert seed._catalogue(desk) is False
            assert [one["code"] for one in desk.get("/api/v1/images")["items"]] == ["debian"]
