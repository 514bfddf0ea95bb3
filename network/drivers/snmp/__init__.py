"""SNMP: reading agents quickly, the reference that reading is held against, writing, and being notified."""

from __future__ import annotations

from network.drivers.snmp.reading import Community, SnmpReader, SnmpTarget, User, Value, open_reader

__all__ = ["Community", "SnmpReader", "SnmpTarget", "User", "Value", "open_reader"]
