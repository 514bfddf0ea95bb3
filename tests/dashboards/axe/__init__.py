"""axe-core, brought by npm into a folder that git ignores; tests that need it are skipped by name without npm."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

__all__ = ["violations"]

FOLDER = Path(__file__).parent
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@cache
def _source() -> str:
    script = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    with (FOLDER / "package-lock.json").open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two at once wait for each other
        if not script.exists():
            npm = shutil.which("npm")
            if npm is None:
                pytest.skip("npm is not installed")
            line = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
            done = subprocess.run(
                line, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
            )
            if done.returncode:
                pytest.skip(f"npm could not bring axe-core: {done.stderr.strip()[-300:]}")
    return script.read_text(encoding="utf-8")


def violations(page: WebDriver, *rules: str) -> list[str]:
    """What breaks WCAG 2.1 AA on the page as it stands: rule, how many places, the first of them.

    Args:
        rules: the only ones to look for; all of WCAG 2.1 AA when none is named.
    """
    page.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": _source()}
    )  # no script tag: the page's policy stays as it is
    found: dict[str, Any] = page.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: {type: arguments[1], values: arguments[0]}})"
        ".then(done, (e) => done({error: String(e)}));",
        list(rules) or _RULES,
        "rule" if rules else "tag",
    )
    assert "error" not in found, found
    assert found["passes"] or rules, "axe looked at nothing"
    return [f"{one['id']} ×{len(one['nodes'])}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
