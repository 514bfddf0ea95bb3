"""Racks, hosting, hybrid links and energy: floor and power, and what agencies order on it."""
