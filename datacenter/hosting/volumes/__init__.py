"""Volumes, their snapshots, and the schedules that make snapshots by themselves."""
