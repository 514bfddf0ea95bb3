"""Terraform's state backend: names, locks, sealed versions."""
