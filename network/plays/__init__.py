"""Plays: what Ansible does on routers, edge routers and servers, as a Change sees it."""
