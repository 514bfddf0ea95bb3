"""Numbers, money and times as a language writes them, in the time of Brussels."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from babel import dates, numbers
from markupsafe import Markup

from dashboards.languages import LOCALES
from datacenter.hosting.pricing import REGION_TIME

__all__ = ["Formats"]

_CENT: Final = Decimal("0.01")
_NONE: Final = "–"
_NO_TIME: Final = Markup("–")


class Formats:
    """One language's way of writing; the filters of the templates.

    Args:
        language: ``fr``, ``nl`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self._locale = LOCALES[language]

    def number(self, value: float | str | Decimal | None) -> str:
        """``1234.5`` → ``1.234,5``; a dash for nothing."""
        return _NONE if value is None else str(numbers.format_decimal(Decimal(str(value)), locale=self._locale))

    def roughly(self, value: float | str | Decimal) -> str:
        """An estimate, with two digits that mean something: ``1.0623`` → ``1,1``."""
        exact = Decimal(str(value))
        digits = max(0, 1 - exact.adjusted()) if exact else 0
        return self.number(round(exact, digits))

    def euro(self, micro: int | str | None) -> str:
        """Micro-euros, to the cent: ``12,34 €``; what rounds to nothing but is something, as less than a cent."""
        if micro is None:
            return _NONE
        exact = Decimal(int(micro)) / 1_000_000
        rounded = exact.quantize(_CENT, ROUND_HALF_UP)
        if not rounded and exact > 0:
            return f"< {self._money(_CENT)}"
        return self._money(rounded)

    def memory(self, mib: int | str | None) -> str:
        """MiB as GiB where that is exact enough to read: ``2048`` → ``2 GiB``."""
        if mib is None:
            return _NONE
        whole = int(mib)
        return f"{self.number(whole)} MiB" if whole < 1024 else f"{self.number(round(whole / 1024, 1))} GiB"

    def percent(self, part: int, whole: int) -> str:
        """A share, to the percent."""
        return str(numbers.format_percent(part / whole if whole else 0, locale=self._locale))

    def share(self, part: float | None) -> str:
        """A share, to a tenth of a percent: ``0.123`` → ``12,3 %``."""
        if part is None:
            return _NONE
        return str(numbers.format_percent(round(part, 3), locale=self._locale, decimal_quantization=False))

    def bits(self, per_second: float | None) -> str:
        """Bits per second as lines are sold: ``12345678`` → ``12,3 Mbit/s``; a dash for what is not known."""
        if per_second is None:
            return _NONE
        for name, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
            if per_second >= size:
                return f"{self.number(round(per_second / size, 1 if per_second < 1000 * size else 0))} {name}"
        return f"{self.number(round(per_second))} bit/s"

    def measure(self, value: float | None, unit: str) -> str:
        """A figure in its unit: ``share``, ``mib``, ``gib``, ``seconds``, ``bits``, ``micro-euro``, else a number."""
        if value is None:
            return _NONE
        match unit:
            case "share":
                return self.share(value)
            case "mib":
                return self.memory(round(value))
            case "gib":
                return f"{self.number(round(value))} GiB"
            case "seconds":
                return self.lasting(value)
            case "bits":
                return self.bits(value)
            case "micro-euro":
                return self.euro(round(value))
            case _:
                return self.number(round(value, 2))

    def day(self, value: date | str | None) -> Markup:
        """A day as ``<time>``: ``30 November 2026``."""
        if value is None:
            return _NO_TIME
        day = date.fromisoformat(value) if isinstance(value, str) else value
        shown = dates.format_date(day, "d MMM y", locale=self._locale)
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), shown)

    def moment(self, value: str | datetime | None) -> Markup:
        """A time as ``<time>``: date and minute here, the exact one in UTC for programs."""
        at = _parsed(value)
        if at is None:
            return _NO_TIME
        shown = dates.format_datetime(at, "d MMM y, HH:mm", tzinfo=REGION_TIME, locale=self._locale)
        return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), shown)

    def clock(self, value: str | datetime | None) -> Markup:
        """A time of today's day: hour, minute, second."""
        at = _parsed(value)
        if at is None:
            return _NO_TIME
        shown = dates.format_time(at, "HH:mm:ss", tzinfo=REGION_TIME, locale=self._locale)
        return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), shown)

    def ago(self, value: str | datetime | None) -> Markup:
        """How long ago, or in how long: ``3 minutes ago``; the time itself on the mouse and for programs."""
        at = _parsed(value)
        if at is None:
            return _NO_TIME
        away = at - datetime.now(UTC)
        shown = dates.format_timedelta(away, add_direction=True, locale=self._locale)
        exact = dates.format_datetime(at, "d MMM y, HH:mm:ss", tzinfo=REGION_TIME, locale=self._locale)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, shown)

    def lasting(self, seconds: float | str | None) -> str:
        """A time that something took: ``12 seconds``, ``3 days``."""
        if seconds is None:
            return _NONE
        return str(dates.format_timedelta(timedelta(seconds=float(seconds)), threshold=1.5, locale=self._locale))

    def month(self, value: date) -> str:
        """``November 2026``."""
        return str(dates.format_date(value, "MMMM y", locale=self._locale))

    def all_of(self, values: list[str] | tuple[str, ...]) -> str:
        """``a, b and c``."""
        from babel.lists import format_list

        return str(format_list(list(values), locale=self._locale)) if values else _NONE

    def _money(self, amount: Decimal) -> str:
        return str(numbers.format_currency(amount, "EUR", locale=self._locale))


def _parsed(value: str | datetime | None) -> datetime | None:
    if not value:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
