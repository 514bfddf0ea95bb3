"""Real FRR routers in network namespaces, each with its own SSH, SNMP and LLDP, joined by cables that can be cut."""

from lab.network.layout import Credentials, Cut, Layout
from lab.network.topology import Fibre, Router, Topology, plan

__all__ = ["Credentials", "Cut", "Fibre", "Layout", "Router", "Topology", "plan"]
