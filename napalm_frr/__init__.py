"""The name under which NAPALM looks for a driver: ``napalm.get_network_driver("frr")`` finds this package.

Everything is in ``network.drivers.frr``.
"""

from network.drivers.frr.napalm import FRRDriver

__all__ = ["FRRDriver"]
