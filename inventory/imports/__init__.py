"""Reading files that describe a region: which records they hold, which rows were refused and why.

Nothing here touches the database; ``inventory.region_import`` checks references and makes a Change of the records.
"""

from __future__ import annotations

from inventory.imports.reading import Reading, Refused, SourceFile
from inventory.imports.router import read_all

__all__ = ["Reading", "Refused", "SourceFile", "read_all"]
