"""The kinds of Change about volumes and their snapshots, a module for what belongs together."""
