"""Keys go in and do not come out: of answers, of files, of what is logged."""

import itertools
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.studio.isolation import Isolation
from sygra_eval.studio.keys import FEWEST_FOR_END, Keys, check_name, names_in
from sygra_eval.studio.masking import FEWEST, Mask
from sygra_eval.values import UsageError
from tests.conftest import IS_FULL
from tests.studio.served import served

TYPED = "sk-canary-typed-0123456789-WXYZ"
EXPORTED = 'ex"canary"exported\\0123456789'
WRITTEN = f"""\
suite: {{name: mine, description: 'somebody pasted {TYPED} here'}}
models:
  a: {{use: openai, model: m, api_key_env: MINE_API_KEY}}
  b: {{use: openai, model: m, api_key_env: EXPORTED_TOKEN}}
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with served(tmp_path_factory.mktemp("empty")) as open_studio:
        yield open_studio


def test_a_key_is_in_no_answer_no_file_and_no_log(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("EXPORTED_TOKEN", EXPORTED)
    found = Isolation(kind=None, said="not looked at here: it takes seconds", missing=[])
    monkeypatch.setattr("sygra_eval.studio.routes.settings.isolation_of", lambda: found)
    (tmp_path / "mine.yaml").write_text(WRITTEN)
    (tmp_path / "other.yaml").write_text(f"suite: {{name: other, description: '{EXPORTED}'}}\n")
    with served(tmp_path) as one:
        put = one.client.put("/api/secrets/MINE_API_KEY", json={"value": TYPED})
        assert (put.status_code, put.content) == (204, b"")
        told = one.client.get("/api/secrets").json()
        answers = [one.client.get(address) for address in _every_read(one.app)]

        assert {line["name"]: line["source"] for line in told["secrets"]} == {
            "EXPORTED_TOKEN": "env",
            "MINE_API_KEY": "session",
        }
        assert sum(answer.status_code == 200 for answer in answers) >= 5
        for answer in answers:
            for key in (TYPED, EXPORTED, json.dumps(EXPORTED)[1:-1]):
                assert key not in answer.text, answer.url
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written.count(TYPED.encode()) == 1, "only where it stood before"
    assert TYPED not in caplog.text
    assert EXPORTED not in caplog.text


def test_a_key_that_is_a_word_of_the_page_does_not_break_the_page(tmp_path):
    with served(tmp_path) as one:
        before = {name: one.client.get(name).content for name in ("/", "/assets/index.js")}
        for word in ("undefined", "password", "function"):
            answer = one.client.put(f"/api/secrets/{word.upper()}_API_KEY", json={"value": word})
            assert answer.status_code == 204

        assert {name: one.client.get(name).content for name in before} == before


def _every_read(app):
    """Each address that is read, with a name of the folder where one is wanted."""
    for path, methods in app.openapi()["paths"].items():
        if "get" in methods and "events" not in path:
            yield path.replace("{path}", "mine.yaml").replace("{suite}", "mine").replace("{", "x")
    yield "/"


@pytest.mark.parametrize("value", ["", " ", "a space ", "line\nbreak", "ü", "x" * 5_000, 7, None])
def test_what_is_no_key_is_refused_and_not_repeated(one, value):
    answer = one.client.put("/api/secrets/MINE_API_KEY", json={"value": value})

    assert answer.status_code in {409, 422}
    assert not (isinstance(value, str) and len(value) > 5 and value in answer.text)
    assert one.client.get("/api/secrets").json()["secrets"] == []


@pytest.mark.parametrize(
    "name",
    ["PATH", "LD_PRELOAD", "ld_audit", "PYTHONPATH", "PYTHONSTARTUP", "HOME", "BASH_ENV", "IFS",
     "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SYGRA_EVAL_TRUST", "OPENAI_BASE_URL",
     "NODE_OPTIONS", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "REQUESTS_CA_BUNDLE", "HF_HUB_OFFLINE",
     "A=B", "A B", "1A", "", "A" * 200, "Ä_KEY", "A\n"],
)  # fmt: skip
def test_a_name_that_steers_programs_holds_no_key_whoever_names_it(name):
    with pytest.raises(UsageError):
        check_name(name, named=() if name == "HF_HUB_OFFLINE" else (name,))
    document = {"models": {"a": {"api_key_env": name}}}
    assert name == "HF_HUB_OFFLINE" or list(names_in(document)) == []


def test_a_name_that_the_folder_gives_or_that_looks_like_a_key_does():
    check_name("PLAIN", named=("PLAIN",))
    check_name("OPENAI_API_KEY", named=())
    with pytest.raises(UsageError, match="api_key_env: PLAIN"):
        check_name("PLAIN", named=())


def test_only_the_end_of_a_long_key_is_told():
    keys = Keys({})
    keys.put("SHORT_KEY", "s" * (FEWEST_FOR_END - 1))
    keys.put("LONG_KEY", "l" * (FEWEST_FOR_END - 4) + "tail")

    told = {one.name: one.fingerprint for one in keys.told(["UNSET_KEY"])}

    assert told == {"SHORT_KEY": None, "LONG_KEY": "…tail", "UNSET_KEY": None}


def test_a_typed_key_wins_over_the_environment_until_it_is_forgotten():
    keys = Keys({"A_KEY": "from outside, 20 long"})
    keys.put("A_KEY", "typed")

    assert keys.environment() == {"A_KEY": "typed"}
    assert set(keys.secrets(["A_KEY"])) == {"typed", "from outside, 20 long"}
    keys.delete("A_KEY")
    assert keys.environment() == {}
    assert keys.told(["A_KEY"])[0].source == "env"


def test_a_kept_key_is_in_the_keyring_and_found_at_the_next_start():
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class InMemory(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.held = {}

        def get_password(self, service, username):
            return self.held.get((service, username))

        def set_password(self, service, username, password):
            self.held[service, username] = password

        def delete_password(self, service, username):
            del self.held[service, username]

    before, memory = keyring.get_keyring(), InMemory()
    keyring.set_keyring(memory)
    try:
        Keys({}).put("A_KEY", "kept", keep=True)
        later = Keys({})
        later.find_kept(["A_KEY", "B_KEY"])

        assert [(one.name, one.source) for one in later.told([])] == [("A_KEY", "keyring")]
        assert later.environment() == {"A_KEY": "kept"}
        later.delete("A_KEY")
        assert memory.held == {}
    finally:
        keyring.set_keyring(before)


def test_without_a_keyring_it_is_said_and_nothing_is_kept(monkeypatch):
    monkeypatch.setattr("sygra_eval.studio.keys.has_keyring", lambda: False)
    keys = Keys({})

    with pytest.raises(UsageError, match="until Studio ends"):
        keys.put("A_KEY", "typed", keep=True)
    assert keys.environment() == {}


@pytest.mark.full
@settings(max_examples=200 if IS_FULL else 25)
@given(
    key=st.text(min_size=FEWEST, max_size=20),
    around=st.lists(st.text(max_size=8), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 80), max_size=5),
)
def test_a_key_is_cut_out_however_an_answer_is_cut_into_pieces(key, around, cuts):
    text = json.dumps(key.join(around), ensure_ascii=False).encode("utf-8", "surrogatepass")
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)] or [b""]
    mask = Mask(lambda: [key])

    shown = b"".join(mask.over(piece, is_last=False) for piece in pieces)
    shown += mask.over(b"", is_last=True)

    assert len(shown) == len(text)
    assert json.dumps(key, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass") not in shown


def test_an_event_that_ends_is_not_held_back():
    event = b"event: row\ndata: {}\n\n"

    assert Mask(lambda: ["sk-0123456789"]).over(event, is_last=False) == event


def test_a_key_that_is_typed_while_an_answer_goes_on_is_cut_out_of_what_follows(monkeypatch):
    monkeypatch.setattr("sygra_eval.studio.masking.FRESH_S", 0.0)
    keys = Keys({})
    mask = Mask(lambda: keys.secrets([]))

    before = mask.over(b"sk-0123456789", is_last=False)
    keys.put("A_KEY", "sk-0123456789")
    after = mask.over(b"sk-0123456789", is_last=True)

    assert (before, after) == (b"sk-0123456789", b"*" * 13)
