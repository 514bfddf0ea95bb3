"""A real Chromium, headless, for tests of pages; skipped by name where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

__all__ = ["chromium"]

_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1200,900",
)  # fmt: skip
"""Root has no sandbox; maps are drawn by software; nothing else is looked up or fetched than what a test asks for."""


@contextmanager
def chromium(folder: Path, language: str = "en", *, flags: tuple[str, ...] = ()) -> Iterator[WebDriver]:
    """A browser with an empty profile of its own, of somebody who keeps a PDF as a file rather than look at it there.

    Args:
        folder: where profile and log of the driver go; and, under ``downloads``, what is downloaded.
        language: what it asks pages for.
        flags: more of the browser's own, for one that lacks something.
    """
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip(f"{'chromium' if browser is None else 'chromium-driver'} is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    options = Options()
    options.binary_location = browser
    for flag in (*_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", f"--lang={language}"):
        options.add_argument(flag)
    downloads = folder / "downloads"
    downloads.mkdir(exist_ok=True)
    keeping = {"download.default_directory": str(downloads), "plugins.always_open_pdf_externally": True}
    options.add_experimental_option("prefs", {"intl.accept_languages": language, **keeping})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options, Service(driver, log_output=str(folder / "chromedriver.log")))
    made.set_page_load_timeout(120)  # of a machine that tests other things beside
    made.set_script_timeout(120)  # likewise
    try:
        yield made
    finally:
        made.quit()
