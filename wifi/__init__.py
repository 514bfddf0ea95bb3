"""Hotspots, access points, sessions, captive portal, privacy of visitors."""
