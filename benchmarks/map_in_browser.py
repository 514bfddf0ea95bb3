"""How long the map takes to be drawn and at rest, in a browser that draws by software."""

from __future__ import annotations

import shutil
import tempfile
import time
from statistics import median
from typing import Final

__all__ = ["seconds"]

_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--no-proxy-server", "--window-size=1200,900",
)  # fmt: skip
_PATIENCE: Final = 60.0


def seconds(address: str, token: str, times: int) -> float | None:
    """From asking for the page to the map at rest, the median of several; ``None`` without Chromium here.

    Each in a browser of its own, with nothing kept from before.
    """
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        return None
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    took = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as profile:
            options = Options()
            options.binary_location = browser
            for flag in (*_FLAGS, f"--user-data-dir={profile}"):
                options.add_argument(flag)
            page = webdriver.Chrome(options, Service(driver))
            try:
                page.get(f"{address}/sign-in")
                page.find_element(By.NAME, "token").send_keys(token, Keys.ENTER)
                while not page.find_elements(By.CSS_SELECTOR, "nav [aria-current]"):
                    time.sleep(0.05)
                begun = time.perf_counter()
                page.get(f"{address}/map")
                while not page.find_elements(By.CSS_SELECTOR, "#map[data-ready]"):
                    if time.perf_counter() - begun > _PATIENCE:
                        raise RuntimeError(f"the map was not drawn within {_PATIENCE:.0f} s")
                    time.sleep(0.02)
                took.append(time.perf_counter() - begun)
            finally:
                page.quit()
    return median(took)
