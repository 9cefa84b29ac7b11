"""Who tries to come in and what each gets; the good request beside it is answered each time."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from sygra_eval.studio import security, serving
from sygra_eval.studio.security import MOST_BODY
from tests.studio.raw import asked, head, read
from tests.studio.served import served

SUITE = "suite: {name: mine}\nmodels: {a: {use: openai, model: m, api_key_env: MINE_API_KEY}}\n"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    (root / "mine.yaml").write_text(SUITE)
    (root / ".hidden.yaml").write_text(SUITE)
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.yaml").write_text("suite: {name: secret}\n")
    (root / "link.yaml").symlink_to(outside / "secret.yaml")
    (root / "folder").symlink_to(outside)
    (root / "loop.yaml").symlink_to(root / "loop.yaml")
    with served(root) as open_studio:
        yield open_studio


@pytest.fixture(autouse=True)
def the_good_request_is_answered_beside_it(one):
    yield
    assert one.client.get("/api/version").status_code == 200


def host(one):
    return f"Host: 127.0.0.1:{one.door.port}"


def bearer(one):
    return f"Authorization: Bearer {one.door.token}"


def status(one, method, target, *headers, body=b"", known=True):
    lines = [host(one), *headers] + ([bearer(one)] if known else [])
    return asked(one.door.port, head(method, target, *lines) + body)[0]


# ---- names


@pytest.mark.parametrize(
    "name",
    [
        "evil.example:{port}",  # DNS rebinding: the name of somebody else points here
        "127.0.0.1:{other}",
        "127.0.0.1",
        "localhost.:{port}",
        "[::1]:{port}",
        "[127.0.0.1]:{port}",
        "0.0.0.0:{port}",
        "127.0.0.1:{port}.evil.example",
        "evil.example@127.0.0.1:{port}",
        "127.1:{port}",
        "",
    ],
)
def test_a_host_that_is_not_ours_is_421(one, name):
    port = one.door.port
    named = name.format(port=port, other=port + 1)

    got = asked(port, head("GET", "/api/version", f"Host: {named}", bearer(one)))

    assert got[0] == 421
    assert b"version" not in got[2]


@pytest.mark.parametrize("hosts", [0, 2], ids=["none", "two"])
def test_a_host_that_is_missing_or_doubled_is_no_http(one, hosts):
    lines = [host(one)] * hosts

    assert asked(one.door.port, head("GET", "/api/version", *lines, bearer(one)))[0] == 400


def test_without_a_host_an_old_client_is_421(one):
    request = f"GET /api/version HTTP/1.0\r\n{bearer(one)}\r\n\r\n".encode()

    assert asked(one.door.port, request)[0] == 421


@pytest.mark.parametrize("target", ["http://evil.example/api/version", "http://127.0.0.1/", "*"])
def test_a_target_that_is_no_path_is_421(one, target):
    assert status(one, "GET", target) == 421


def test_names_are_taken_in_any_case(one):
    request = head("GET", "/api/version", f"Host: LOCALHOST:{one.door.port}", bearer(one))

    assert asked(one.door.port, request)[0] == 200


# ---- other pages


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{other}",
        "",
        "*",
    ],
)
def test_another_origin_is_403(one, origin):
    port = one.door.port
    given = f"Origin: {origin.format(port=port, other=port + 1)}"

    assert status(one, "GET", "/api/version", given) == 403
    assert status(one, "GET", "/", given, known=False) == 403


def test_two_origins_are_403_though_one_is_ours(one):
    ours = f"Origin: {one.url}"

    assert status(one, "GET", "/api/version", ours, ours) == 403
    assert status(one, "GET", "/api/version", ours) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_another_site_is_403(one, site):
    fetched = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
    framed = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
    followed = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")

    assert status(one, "GET", "/api/version", *fetched) == 403
    assert status(one, "GET", "/", *framed) == 403
    assert status(one, "GET", f"/?token={one.door.token}", *framed, known=False) == 403
    assert status(one, "GET", "/api/version", *followed) == 403
    assert status(one, "GET", "/", *followed) == 200, "somebody clicked on a link to the page"


def test_a_preflight_gets_no_leave(one):
    asked_for = ("Origin: http://evil.example", "Access-Control-Request-Method: PUT")

    code, headers, _ = asked(
        one.door.port, head("OPTIONS", "/api/secrets/A_KEY", host(one), *asked_for)
    )

    assert code == 403
    assert not [name for name, _ in headers if name.startswith("access-control")]


# ---- token and cookie


def test_the_token_becomes_exactly_one_cookie_that_no_script_reads(one):
    code, headers, _ = asked(one.door.port, head("GET", f"/?token={one.door.token}", host(one)))

    cookies = [value for name, value in headers if name == "set-cookie"]
    assert (code, dict(headers)["location"], len(cookies)) == (303, "./", 1)
    name, _, rest = cookies[0].partition("=")
    assert name == f"sygra_eval_{one.door.port}"
    said = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= said


@pytest.mark.parametrize(
    "query",
    [
        "token=wrong",
        "token=",
        "token={token}&token={token}",
        "token={token}&token=x",
        "Token={token}",
    ],
)
def test_a_token_that_is_wrong_or_doubled_is_401(one, query):
    assert status(one, "GET", f"/?{query.format(token=one.door.token)}", known=False) == 401


def test_a_wrong_token_is_401_even_with_the_cookie(one):
    cookie = f"Cookie: {one.door.cookie}={one.door.token}"

    assert status(one, "GET", "/?token=wrong", cookie, known=False) == 401
    assert status(one, "GET", "/", cookie, known=False) == 200


@pytest.mark.parametrize("target", ["/api/version?token={token}", "/index.html?token={token}"])
def test_the_token_opens_no_other_address(one, target):
    assert status(one, "GET", target.format(token=one.door.token), known=False) == 401


@pytest.mark.parametrize(
    "given",
    [
        "Authorization: Bearer wrong",
        "Authorization: Bearer",
        "Authorization: Basic {token}",
        "Cookie: sygra_eval={token}",
        "Cookie: {cookie}=",
        "Cookie: {cookie}=\xff",
        "Cookie: other={cookie}={token}",
    ],
)
def test_what_is_no_token_is_401(one, given):
    line = given.format(token=one.door.token, cookie=one.door.cookie)

    assert status(one, "GET", "/api/version", line, known=False) == 401


def test_cookies_of_other_programs_do_not_lock_one_out(one):
    """They share the host's cookies, whatever their port, and may set one of our name."""
    ours = f"{one.door.cookie}={one.door.token}"

    for line in (f'a={{"b": 1}}; {ours}', f"{one.door.cookie}=tossed; {ours}", f"=; ;; {ours}"):
        assert status(one, "GET", "/api/version", f"Cookie: {line}", known=False) == 200


def test_whoever_is_unknown_learns_of_no_address(one):
    for target in ("/", "/api/version", "/nowhere", "/api/suites/mine.yaml", "/assets/index.js"):
        assert status(one, "GET", target, known=False) == 401
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert status(one, method, "/api/version", known=False) == 401


def test_whoever_is_known_learns_that_an_address_is_none(one):
    for target in ("/nowhere", "/api/nowhere", "/api", "/assets/", "/docs", "/openapi.json"):
        assert status(one, "GET", target) == 404
    assert status(one, "POST", "/nowhere", "X-Sygra-Eval: 1") == 404
    assert status(one, "POST", "/api/version", "X-Sygra-Eval: 1") == 405


# ---- changes and their bodies

JSON = ("X-Sygra-Eval: 1", "Content-Type: application/json")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("Content-Type: application/json",), 403),
        (("X-Sygra-Eval: 0", "Content-Type: application/json"), 403),
        (("X-Sygra-Eval: 1", "Content-Type: text/plain"), 415),
        (("X-Sygra-Eval: 1", "Content-Type: application/x-www-form-urlencoded"), 415),
        (("X-Sygra-Eval: 1", "Content-Type: multipart/form-data; boundary=application/json"), 415),
        (("X-Sygra-Eval: 1",), 415),
        (JSON, 422),
    ],
)
def test_a_change_needs_our_header_and_json(one, headers, code):
    body = b"{}"

    assert (
        status(one, "POST", "/api/suites", *headers, f"Content-Length: {len(body)}", body=body)
        == code
    )


@pytest.mark.parametrize("length", [str(MOST_BODY + 1), "9" * 20])
def test_a_length_beyond_the_limit_is_413_before_a_byte_is_read(one, length):
    assert status(one, "POST", "/api/suites", *JSON, f"Content-Length: {length}") == 413


@pytest.mark.parametrize("length", ["-1", "+2", "1e3", "0x10", "2, 3"])
def test_a_length_that_is_none_is_no_http(one, length):
    assert status(one, "POST", "/api/suites", *JSON, f"Content-Length: {length}", body=b"{}") == 400


def test_pieces_without_end_are_413(one):
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    request = head(
        "POST", "/api/suites", host(one), bearer(one), *JSON, "Transfer-Encoding: chunked"
    )
    with socket.create_connection(("127.0.0.1", one.door.port), timeout=20) as line:
        line.sendall(request)
        with contextlib.suppress(OSError):
            for _ in range(MOST_BODY // 0x10000 + 2):
                line.sendall(piece)
        assert read(line)[0] == 413


def test_two_ways_to_say_how_long_are_no_way(one):
    """What one reads as the body another would read as the next request."""
    hidden = head("GET", "/api/version", host(one), bearer(one))
    both = ("Content-Length: 5", "Content-Length: 6")

    assert status(one, "POST", "/api/suites", *JSON, *both, body=b"{}   " + hidden) == 400


def test_a_question_with_a_body_is_400(one):
    assert status(one, "GET", "/api/version", "Content-Length: 4", body=b"GET ") == 400


def test_a_body_that_does_not_come_is_408(one, monkeypatch):
    monkeypatch.setattr(security, "BODY_S", 0.2)

    assert status(one, "POST", "/api/suites", *JSON, "Content-Length: 100", body=b"{") == 408


def test_a_head_that_does_not_end_is_cut_off(one, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_S", 0.2)
    before = time.monotonic()

    got = asked(one.door.port, f"GET / HTTP/1.1\r\n{host(one)}\r\n".encode())

    assert got[0] == 0
    assert time.monotonic() - before < 15


def test_a_head_that_is_too_long_is_431(one):
    assert status(one, "GET", "/api/version", "X-Long: " + "a" * 20_000) == 431
    assert status(one, "GET", "/api/version?" + "a" * 20_000) == 431


def test_an_upgrade_is_not_taken(one):
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: eA==")

    assert status(one, "GET", "/api/version", *upgrade) == 200


# ---- paths


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/%252e%252e%252fetc%252fpasswd",
        "/..%5c..%5cetc%5cpasswd",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/assets/..%00/index.html",
        "/index.html%00.js",
        "/.vite/license.md",
        "/assets/%c0%ae%c0%ae/app.py",
        "/" + "a" * 5_000,
        "/assets/../../app.py",
    ],
)
def test_no_address_leads_out_of_the_build(one, target):
    got = asked(one.door.port, head("GET", target, host(one), bearer(one)))

    assert got[0] == 404
    assert b"root:" not in got[2]


@pytest.mark.parametrize(
    "name",
    [
        "../outside/secret.yaml", "link.yaml", "folder/secret.yaml", "loop.yaml", "a\0.yaml",
        "/etc/hosts", "a" * 300 + ".yaml", "x/" * 300 + "a.yaml", ".hidden.yaml", "mine.yml",
        "mine", "", ".", "..", "\ud800.yaml", "mine.yaml/..", "reports",
    ],
)  # fmt: skip
def test_no_name_of_a_suite_leads_out_of_the_folder(one, name):
    from sygra_eval.studio.workspace import NotThere

    with pytest.raises(NotThere):
        one.workspace.suite(name)
    assert one.workspace.suite("mine.yaml").name == "mine.yaml"


@pytest.mark.parametrize("name", ["..", "../x", "/abs", ".x", "a/b", "a b", "", "x" * 61, "a\n"])
def test_no_new_suite_is_written_outside(one, name):
    before = sorted(one.workspace.root.rglob("*"))

    answer = one.client.post("/api/suites", json={"template": "evaluate_model", "name": name})

    assert answer.status_code == 409
    assert sorted(one.workspace.root.rglob("*")) == before


def test_a_template_is_not_written_through_a_link(one, tmp_path):
    (one.workspace.root / "taped").symlink_to(tmp_path)

    answer = one.client.post("/api/suites", json={"template": "evaluate_model", "name": "new"})

    (one.workspace.root / "taped").unlink()
    assert answer.status_code == 409
    assert list(tmp_path.iterdir()) == []


# ---- what every answer carries


def test_every_answer_carries_the_headers_refusals_too(one):
    requests = [
        head("GET", "/", host(one), bearer(one)),
        head("GET", "/api/version", host(one), bearer(one)),
        head("GET", "/api/version", host(one)),
        head("GET", "/api/version", "Host: evil.example"),
        head("GET", "/nowhere", host(one), bearer(one)),
    ]

    for request in requests:
        _, headers, _ = asked(one.door.port, request)
        told = dict(headers)
        policy = told["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert told["x-content-type-options"] == "nosniff"
        assert told["referrer-policy"] == "no-referrer"
        assert told["cross-origin-opener-policy"] == "same-origin"
        assert told["cross-origin-resource-policy"] == "same-origin"
        assert told["cache-control"] in {"no-store", "no-cache"}
        assert not [name for name, _ in headers if name.startswith("access-control")]


def test_an_error_of_ours_tells_nothing_of_itself(one, monkeypatch, caplog):
    def breaks():
        raise RuntimeError("at /home/me with sk-secret")

    monkeypatch.setattr("sygra_eval.studio.routes.suites.templates", breaks)

    answer = one.client.get("/api/templates")

    assert answer.status_code == 500
    assert "sk-secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_of_a_request_is_logged(one, caplog):
    caplog.set_level("DEBUG")

    asked(one.door.port, head("GET", f"/?token={one.door.token}", host(one)))
    asked(one.door.port, head("GET", "/api/version?token=canary-in-query", host(one)))

    assert one.door.token not in caplog.text
    assert "canary-in-query" not in caplog.text


# ---- nothing to change


def test_read_only_refuses_every_way_to_change_that_the_server_has(tmp_path):
    with served(tmp_path, is_read_only=True) as closed:
        app = closed.app
        ways = [
            (method, path) for path, methods in _ways(app) for method in methods - {"GET", "HEAD"}
        ]
        assert ("POST", "/api/suites") in ways
        for method, path in ways:
            at = path.replace("{", "").replace("}", "").replace(":path", "")
            answer = closed.client.request(method, at, json={})
            assert answer.status_code == 403, (method, path)
            assert "read-only" in answer.json()["error"]["message"]
        assert closed.client.get("/api/suites").status_code == 200
        assert list(tmp_path.iterdir()) == []


def _ways(app):
    paths = app.openapi()["paths"]
    return [(path, {method.upper() for method in methods}) for path, methods in paths.items()]


# ---- from a browser

THEIR_SCRIPT = (Path(__file__).parent / "their_page.js").read_text()
THEIR_WINDOW = """async (url) => {
  const other = window.open(`${url}/`);
  await new Promise((done) => setTimeout(done, 300));
  try { return String(other.document && other.document.title); } catch { return 'refused'; }
}"""


@contextlib.contextmanager
def another_page(html):
    """A page of somebody else, on another port of this machine: another origin, the same site."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_another_origins_page_reads_and_changes_nothing_in_a_browser_that_is_let_in(one, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(one.door.link)
    codes = {}
    page_of_theirs = context.new_page()

    def on_response(got):
        if got.url.startswith(one.url):
            address = got.url.removeprefix(one.url).partition("?")[0]
            codes[got.request.method, address, got.request.resource_type] = got.status

    page_of_theirs.on("response", on_response)
    before = sorted(one.workspace.root.rglob("*"))
    with another_page("<body></body>") as theirs:
        page_of_theirs.goto(theirs)
        seen = page_of_theirs.evaluate(
            THEIR_SCRIPT,
            one.url,
        )
        opened = page_of_theirs.evaluate(THEIR_WINDOW, one.url)
    context.close()

    assert seen == dict.fromkeys(seen, "refused")
    assert len(seen) == 9
    assert set(codes.values()) == {403}, codes
    assert ("POST", "/api/suites", "document") in codes
    assert opened in {"refused", "null", "undefined"}
    assert sorted(one.workspace.root.rglob("*")) == before


def test_a_page_whose_name_was_rebound_to_us_reads_nothing(one, browser):
    """Its name points to this machine now, so that to the browser our answers are its own."""
    context = browser.new_context()
    page = context.new_page()
    reached = page.goto(f"http://rebound.localhost:{one.door.port}/api/version")

    assert reached.status == 421
    read = page.evaluate("async () => (await fetch('/api/suites')).status")
    assert read == 421
    context.close()


def test_a_link_in_a_page_of_others_still_opens_studio(one, browser):
    with another_page(f"<a href='{one.door.link}'>open</a>") as theirs:
        context = browser.new_context()
        page = context.new_page()
        page.goto(theirs)
        page.get_by_text("open").click()
        page.wait_for_url(f"{one.url}/")

        assert page.get_by_role("navigation").is_visible() or page.get_by_role("heading").count()
        context.close()
