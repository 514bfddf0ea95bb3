"""Every resource of the provider."""

from __future__ import annotations

from typing import Final

from datacenter.terraform.floating_ip import FloatingIp
from datacenter.terraform.network import Network
from datacenter.terraform.noun import Noun
from datacenter.terraform.security_group import SecurityGroup
from datacenter.terraform.server import Server
from datacenter.terraform.ssh_key import SshKey
from datacenter.terraform.volume import Volume

__all__ = ["RESOURCES"]

RESOURCES: Final[tuple[type[Noun], ...]] = (Server, Volume, Network, SecurityGroup, FloatingIp, SshKey)
