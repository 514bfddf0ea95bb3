"""How quantities of hosting are written for people: money, energy, carbon, sizes, times."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

__all__ = ["RESOURCES", "euro", "mib", "month_range", "resource_words"]

_MICRO: Final = Decimal(1_000_000)
_EXACT_ENOUGH: Final = 100
"""From here on an estimate has no decimals."""

RESOURCES: Final[Mapping[str, str]] = {
    "servers": "servers",
    "vcpus": "virtual processors",
    "ram_mib": "MiB of memory",
    "volumes": "volumes",
    "storage_gib": "GiB of storage",
    "snapshots": "snapshots",
    "networks": "networks",
    "floating_ips": "floating addresses",
    "security_groups": "security groups",
}
"""What is counted, and what it is called."""


def euro(micro: object) -> str:
    """Micro-euros, as the API writes them, in euros and cents; what costs less than a cent keeps its digits."""
    if micro is None or micro == "":
        return ""
    value = Decimal(str(micro)) / _MICRO
    cents = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{value.normalize():f} EUR" if value and not cents else f"{cents:f} EUR"


def month_range(found: Mapping[str, Any] | None, unit: str) -> str:
    """A low, a middle and a high estimate for a month: ``about 12.3 (9.8 to 15.1) kWh``."""
    if not found or found.get("mid") in (None, ""):
        return ""
    low, mid, high = (_short(found.get(name)) for name in ("low", "mid", "high"))
    return f"about {mid} {unit} a month" + (f" ({low} to {high})" if low and high else "")


def mib(value: object) -> str:
    """MiB in the largest unit that stays whole."""
    if value is None or value == "":
        return ""
    size = int(str(value))
    return f"{size // 1024} GiB" if size >= 1024 and size % 1024 == 0 else f"{size} MiB"


def resource_words(resource: str) -> str:
    """What a quota's resource is called: ``virtual processors``."""
    return RESOURCES.get(resource, resource)


def _short(value: object) -> str:
    if value is None or value == "":
        return ""
    number = Decimal(str(value))
    whole = number == number.to_integral() or abs(number) >= _EXACT_ENOUGH
    return f"{number:.0f}" if whole else f"{number:.1f}"
