"""The page comes up by its link, in a real browser."""


def test_the_link_opens_the_page_and_its_token_is_gone_from_the_address(studio, open_page):
    (studio.workspace.root / "mine.yaml").write_text("suite: mine\n")

    page = open_page(studio)

    page.get_by_text("mine.yaml").wait_for()
    assert page.url == f"{studio.url}/"
    assert page.evaluate("document.cookie") == ""


def test_without_the_token_nothing_is_told(studio):
    bare = studio.client
    del bare.headers["authorization"]

    assert [bare.get(path).status_code for path in ("/", "/api/version", "/nowhere")] == [401] * 3
