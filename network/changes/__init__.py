"""Kinds of Change that the network offers. All that reach a router share one road: ``network.changes.push``."""
