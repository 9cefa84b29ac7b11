"""The real browser of the tests: Debian's Chromium, driven by Playwright."""

import contextlib
import os
import shutil
from importlib.util import find_spec

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 90_000
"""On a busy machine a browser starts, and a page gets there, later than Playwright waits."""


def need(what, *, is_there):
    """Skip where a developer lacks it; in CI everything is there, or the tests fail."""
    if is_there:
        return
    told = f"{what} is missing: see .ci/system-packages and the extra `dev`"
    pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)


@contextlib.contextmanager
def opened_browser():
    """Give a browser; while it is open its thread has a running loop, so no test has another."""
    chromium = shutil.which("chromium", path=f"{os.environ.get('PATH', '')}:/usr/bin")
    need("chromium", is_there=chromium is not None)
    need("playwright", is_there=find_spec("playwright") is not None)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=FLAGS, timeout=PATIENCE_MS)
        yield opened
        opened.close()
