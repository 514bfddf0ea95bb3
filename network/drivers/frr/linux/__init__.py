"""The Linux half of a router: namespaces, bridges, tunnels and addresses, as text, as kernel state, and behind a door.

Runs on the router as root, under its own ``/usr/bin/python3`` and without any package. It comes with the router's
image, as ``sshd`` does, and is not sent by the driver: the account that the driver uses cannot alter what root runs.
"""
