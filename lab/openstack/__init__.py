"""A real OpenStack on one machine, control plane and machines, with all its state in one folder."""
