"""Who may sign in to the cloud: the services' own accounts, people's administrator, and the account of Irisplane.

Irisplane does not use the bootstrap administrator. Its account lives in a Keystone domain of its own, administers
through the project ``control`` there, and is a member of every project of that domain by inheritance: the tenants'
projects and users are made in it, and nothing of Irisplane's has to be in the domain of the services.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import yaml

from lab.openstack.place import DOMAIN, REGION, Place
from lab.openstack.services import APIS

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["ACCOUNT", "PROJECT", "administrator", "make_accounts", "write_clouds"]

ACCOUNT = "irisplane"
PROJECT = "control"


def administrator(place: Place) -> Connection:
    """A connection as the bootstrap administrator."""
    import openstack

    return openstack.connect(load_yaml_config=False, load_envvars=False, **_admin(place))


def make_accounts(place: Place) -> None:
    """Roles, service accounts, catalogue, and the account of Irisplane. Idempotent."""
    with administrator(place) as cloud:
        identity: Any = cloud.identity
        known = place.secrets()
        roles = {name: identity.find_role(name) or identity.create_role(name=name)
                 for name in ("admin", "member", "service")}  # fmt: skip
        project = identity.find_project("service", domain_id="default") or identity.create_project(
            name="service", domain_id="default"
        )
        for api in APIS:
            if api.name != "keystone":
                user = _user(identity, api.name, known["service"], "default")
                for role in ("admin", "service"):
                    identity.assign_project_role_to_user(project, user, roles[role])
                _enter(identity, place, api.name, api.kind, api.path)
        domain = identity.find_domain(DOMAIN) or identity.create_domain(
            name=DOMAIN, description="The administrations that Irisplane hosts: their projects and users."
        )
        control = identity.find_project(PROJECT, domain_id=domain.id) or identity.create_project(
            name=PROJECT, domain_id=domain.id, description="Irisplane administers through it; nothing runs here."
        )
        account = _user(identity, ACCOUNT, known["irisplane"], domain.id)
        identity.assign_project_role_to_user(control, account, roles["admin"])
        identity.put(
            f"/OS-INHERIT/domains/{domain.id}/users/{account.id}/roles/{roles['member'].id}/inherited_to_projects"
        ).raise_for_status()


def write_clouds(place: Place) -> None:
    """The two ``clouds.yaml``: one for people, one for Irisplane, each readable by its own only."""
    url = place.url("keystone", "/v3")
    admin = _admin(place)
    ours = {
        **_admin(place),
        "auth": {
            "auth_url": url,
            "username": ACCOUNT,
            "password": place.secrets()["irisplane"],
            "project_name": PROJECT,
            "user_domain_name": DOMAIN,
            "project_domain_name": DOMAIN,
        },
    }
    place.give(place.people_file, _yaml({"admin": admin}), os.getegid(), 0o600)
    place.give(place.clouds_file, _yaml({"irisplane": ours}), place.readers)


def _admin(place: Place) -> dict[str, Any]:
    return {
        "region_name": REGION,
        "identity_api_version": "3",
        "auth": {
            "auth_url": place.url("keystone", "/v3"),
            "username": "admin",
            "password": place.secrets()["admin"],
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
    }


def _yaml(clouds: dict[str, Any]) -> str:
    return "# written by the lab, anew at each start\n" + yaml.safe_dump({"clouds": clouds}, sort_keys=False)


def _user(identity: Any, name: str, password: str, domain: str) -> Any:
    return identity.find_user(name, domain_id=domain) or identity.create_user(
        name=name, password=password, domain_id=domain
    )


def _enter(identity: Any, place: Place, name: str, kind: str, path: str) -> None:
    service = identity.find_service(name) or identity.create_service(name=name, type=kind)
    faces = {each.interface for each in identity.endpoints(service_id=service.id)}
    for face in ("public", "internal", "admin"):
        if face not in faces:
            url = place.url(name, path)
            identity.create_endpoint(service_id=service.id, interface=face, url=url, region_id=REGION)
