"""The kinds of Change of a server: one module for what belongs together in its life."""
