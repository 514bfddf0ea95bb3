"""Connections, roll-out planning, service levels, support."""
