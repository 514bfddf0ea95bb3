"""Every error has a code of its own, an entry in the API, and a line in ``docs/errors.md``."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

_ASK = """
import importlib, pkgutil
from api.catalogue import catalogue
known = catalogue()
from core.errors import IrisplaneError
for room in ("core", "orchestrator", "inventory", "network", "api"):
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
waiting = [IrisplaneError]
while waiting:
    error = waiting.pop()
    waiting += error.__subclasses__()
    if error is not IrisplaneError and "code" in vars(error):
        print(error.code, "known" if error.code in known else "unknown", error.__module__, error.__qualname__)
"""
ROOT = Path(__file__).parents[2]


def _python(*arguments: str) -> str:
    """What a process of its own says: which modules are imported decides which errors are found."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_page_of_error_codes_is_what_the_classes_say() -> None:
    assert _python("-m", "api.catalogue") == (ROOT / "docs/errors.md").read_text(encoding="utf-8")


def test_every_code_is_one_class_and_stands_in_the_catalogue() -> None:
    lines = [line.split(maxsplit=2) for line in _python("-c", _ASK).splitlines()]
    codes = Counter(code for code, _, _ in lines)
    assert [code for code, count in codes.items() if count > 1] == []
    assert [f"{code} {where}" for code, known, where in lines if known == "unknown"] == []
