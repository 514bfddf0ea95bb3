"""The provider itself: where Irisplane is, as whom, and which resources there are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tf.schema import Schema

from datacenter.terraform.api import Api, Failure
from datacenter.terraform.fields import Field, known, length, whole
from datacenter.terraform.orders import Orders, folder_of_configuration

__all__ = ["FULL_NAME", "Irisplane"]

FULL_NAME: Final = "registry.terraform.io/brussels/irisplane"

_FIELDS: Final = (
    Field("url", "text", "Where Irisplane is; `IRISPLANE_URL` when absent.", "may"),
    Field("token", "text", "A token of Irisplane; `IRISPLANE_TOKEN` when absent.", "may", sensitive=True),
    Field("project", "text", "Code of the project of what names none; `main` when absent.", "may", check=length(1, 31)),
    Field("ca_file", "text", "PEM file of a certificate authority that this machine does not know.", "may"),
    Field(
        "configuration", "text",
        "Names this configuration, so that a run that was killed finds its own orders again, on another machine too;"
        " its folder and workspace when absent.",
        "may", check=length(1, 200),
    ),
    Field(
        "wait_minutes", "number", "So long an order is followed, approvals included; 60 when absent.", "may",
        check=whole(1, 1440),
    ),
)  # fmt: skip


class Irisplane:
    """The provider, shared by every thread that Terraform's calls come in.

    Args:
        environment: of the process.
        version: of this provider.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, version: str = "0") -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._version = version
        self._api: Api | None = None
        self._orders: Orders | None = None
        self._project = "main"

    # ------------------------------------------------------------------------------------------ what the framework asks
    def get_model_prefix(self) -> str:
        """The beginning of every resource's name."""
        return "irisplane_"

    def full_name(self) -> str:
        """The provider's address."""
        return FULL_NAME

    def get_provider_schema(self, diags: Any) -> Any:
        """The provider's own attributes."""
        return Schema([field.attribute() for field in _FIELDS])

    def validate_config(self, diags: Any, config: dict[str, Any] | None) -> None:
        """Say what is wrong with the provider's attributes."""
        for field in _FIELDS:
            value = (config or {}).get(field.name)
            if known(value) and field.check is not None and (wrong := field.check(value)) is not None:
                diags.add_error(f"{field.name} {wrong}", path=[field.name])

    def configure_provider(self, diags: Any, config: dict[str, Any] | None) -> None:
        """Sign in: nothing is asked yet, but where and as whom is settled."""
        said = {key: value for key, value in (config or {}).items() if known(value)}
        url = said.get("url") or self._environment.get("IRISPLANE_URL") or ""
        token = said.get("token") or self._environment.get("IRISPLANE_TOKEN") or ""
        if not url:
            diags.add_error("Where is Irisplane?", "Set 'url' of the provider, or IRISPLANE_URL.", path=["url"])
        if not token:
            hint = "Set 'token' of the provider, or IRISPLANE_TOKEN; 'irisplane token create' makes one."
            diags.add_error("As whom?", hint, path=["token"])
        if not url or not token:
            return
        try:
            self._api = Api(
                url.rstrip("/"), token, f"terraform-provider-irisplane/{self._version}", said.get("ca_file")
            )
        except Failure as failure:
            diags.add_error(failure.sentence, failure.hint, path=["url"])
            return
        self._project = said.get("project") or "main"
        name = said.get("configuration") or folder_of_configuration(
            Path.cwd(), self._environment.get("TF_DATA_DIR"), self._environment.get("TF_WORKSPACE")
        )
        self._orders = Orders(self._api, name, float(said.get("wait_minutes") or 60) * 60)

    def get_resources(self) -> list[Any]:
        """Every resource."""
        from datacenter.terraform.nouns import RESOURCES

        return list(RESOURCES)

    def get_data_sources(self) -> list[Any]:
        """Every data source."""
        from datacenter.terraform.lookups import DATA_SOURCES

        return list(DATA_SOURCES)

    def get_functions(self) -> list[Any]:
        """No functions."""
        return []

    def new_resource(self, kind: Any) -> Any:
        """One resource, for one call."""
        return kind(self)

    def new_data_source(self, kind: Any) -> Any:
        """One data source, for one call."""
        return kind(self)

    # ---------------------------------------------------------------------------- what resources ask for
    @property
    def api(self) -> Api:
        """The connection."""
        if self._api is None:
            raise Failure("The provider is not configured.", "Set 'url' and 'token' of the provider.")
        return self._api

    @property
    def orders(self) -> Orders:
        """The orders of this configuration."""
        if self._orders is None:
            raise Failure("The provider is not configured.", "Set 'url' and 'token' of the provider.")
        return self._orders

    @property
    def project(self) -> str:
        """Code of the project where none is named."""
        return self._project
