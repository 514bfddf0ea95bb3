"""Servers: ordered, altered, followed and given back."""
