"""Studio on loopback, and a real browser that fails a test on any error of the page.

One browser a module (while it is open its thread has a running loop, so that no other test could
run one); a page of its own for each test, closed with its checks at the end.
"""

import pytest

from tests.browser import PATIENCE_MS, opened_browser
from tests.studio.rounds_run import write_run
from tests.studio.served import served

WIDE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def browser():
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def studio(tmp_path):
    """An open Studio on an empty folder."""
    with served(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def rounds_workspace(tmp_path_factory):
    """A folder with a suite and its run; who changes anything in it takes a copy."""
    folder = tmp_path_factory.mktemp("rounds")
    write_run(folder)
    return folder


@pytest.fixture
def open_page(browser):
    """Call with a `Served` (and a hash): a page that came in by the link, as a person does.

    A console error, an exception of the page, or a request that leaves loopback fails the test.
    `allowed_errors` are pieces of console texts that the test itself brings about.
    """
    contexts, wrong = [], []

    def open_it(one, hash_="", *, allowed_errors=(), scheme="light", size=WIDE):
        context = browser.new_context(viewport=size, color_scheme=scheme)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()

        def on_console(message):
            if message.type == "error" and not any(a in message.text for a in allowed_errors):
                wrong.append(f"console: {message.text}")

        def on_request(request):
            if not request.url.startswith((one.url, "data:", "blob:")):
                wrong.append(f"a request left: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: wrong.append(f"page: {error}"))
        page.on("request", on_request)
        page.goto(one.door.link)
        if hash_:
            page.goto(f"{one.url}/{hash_}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not wrong, wrong
