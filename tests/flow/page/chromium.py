"""A Chromium of the system, if there is one, and what a person sees in it."""

import os
import shutil

import pytest

__all__ = ["chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ADVICE = "on Debian: apt-get install chromium fonts-dejavu-core; elsewhere set OHMFORGE_CHROMIUM"


@pytest.fixture(scope="session")
def chromium():
    """A browser without a screen; skips where there is none."""
    library = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: pip install -e .[tests]"
    )
    path = os.environ.get("OHMFORGE_CHROMIUM") or next(
        filter(None, map(shutil.which, _NAMES)), None
    )
    if path is None:
        pytest.skip(f"no Chromium ({_ADVICE})")
    with library.sync_playwright() as driver:
        # Without its sandbox, which it refuses to root and in most containers.
        browser = driver.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield browser
        browser.close()
