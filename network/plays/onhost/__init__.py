"""What runs on a host beside a play: Python's standard library only."""
