"""What a catalogue document may not say.

::

    InvalidInput
    ├── CatalogueUnreadable   HST-160  the document is neither YAML nor JSON, or not of a catalogue's form
    └── HistoryRewritten      HST-161  it would alter what held already, a price in the past
"""

from __future__ import annotations

from core.errors import InvalidInput

__all__ = ["CatalogueUnreadable", "HistoryRewritten"]


class CatalogueUnreadable(InvalidInput):
    """The document is neither YAML nor JSON, or not of a catalogue's form."""

    code = "HST-160"
    title = "Catalogue unreadable"
    hint = "docs/catalogue.md shows the form; the named place of the document has to be mended."


class HistoryRewritten(InvalidInput):
    """What held already, held: prices alter from a time to come."""

    code = "HST-161"
    title = "History is not rewritten"
    hint = "Give the new price a 'from' that is still to come, at a full quarter-hour; the old one ends there."
