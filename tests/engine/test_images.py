"""Images in prompts: read where they may be, sent in each server's way, kept by their hash."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from sygra_eval.data import BadImage, ImageRules, image_of
from sygra_eval.engine.images import messages_from_json, messages_to_json
from sygra_eval.models.replies import estimated_usage
from sygra_eval.testing import ScriptedEndpoint, status
from sygra_eval.values import ChatRequest, Image, ImageRef, Message, TextPart
from tests.engine.conftest import chain, write_suite

PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture" * 3
DATA_URL = "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff a photo").decode()
KINDS = ["openai", "responses", "azure", "vllm", "ollama"]
SHOWN = [{"type": "text", "text": "what is "}, {"type": "image_url", "image_url": "{picture}"}]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def showing(endpoint, tmp_path, run):
    """Run rows through a node that shows their pictures; the data lies in `suite/data`."""
    endpoint.answers_with(lambda body: "a cat")
    folder = tmp_path / "suite"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "cat.png").write_bytes(PNG)

    async def shown(
        *pictures, kind="openai", parts=SHOWN, entry=None, others=None, is_trusted=False, **sections
    ):
        node = {
            "node_type": "llm",
            "model": "author",
            "prompt": [{"user": parts}],
            "output_keys": "answer",
        }
        rows = [{"id": f"r{n}", "picture": picture} for n, picture in enumerate(pictures)]
        path = write_suite(
            folder,
            [],
            models={"author": entry or endpoint.model_entry(kind), **(others or {})},
            **{
                "graph_config": {"nodes": {"look": node}, "edges": chain(["look"])},
                "quality": {"validators": [{"use": "length", "min": 1, "unit": "words"}]},
                "sandbox": {"isolation": "none", "i_accept_the_risk": True},
                "data_config": {
                    "source": {"type": "disk", "file_path": "data/rows.jsonl", "id": "id"}
                },
                **sections,
            },
        )
        (folder / "data" / "rows.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
        return await run(path, is_trusted=is_trusted)

    return shown


def reasons(finished) -> list[str]:
    return [end.reason for end in finished.ends()]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_beside_the_data_is_sent_in_the_servers_way(endpoint, showing, kind):
    finished = await showing("cat.png", kind=kind)

    (row,) = finished.rows("verified")
    (seen,) = endpoint.images
    assert (seen.media_type, seen.sha256) == ("image/png", sha256(PNG))
    assert row["messages"][0]["content"] == "what is <image>"
    assert row["prompt_images"] == [
        {
            "source": "cat.png",
            "media_type": "image/png",
            "sha256": sha256(PNG),
            "bytes": len(PNG),
        }
    ]


@pytest.mark.filterwarnings("ignore")  # litellm's own
@pytest.mark.parametrize("kind", ["anthropic", "gemini", "bedrock"])
async def test_images_go_through_litellm(endpoint, showing, monkeypatch, kind):
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "canary-0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    monkeypatch.setenv("AWS_REGION_NAME", "us-east-1")

    finished = await showing("cat.png", kind=kind)

    assert finished.outcomes() == {"r0": "verified"}, reasons(finished)
    assert [seen.sha256 for seen in endpoint.images] == [sha256(PNG)]


async def test_a_list_is_an_image_an_item_and_data_urls_are_looked_at(endpoint, showing):
    finished = await showing(["cat.png", DATA_URL])

    assert [seen.media_type for seen in endpoint.images] == ["image/png", "image/jpeg"]
    assert finished.rows("verified")[0]["messages"][0]["content"] == "what is <image><image>"


async def test_bytes_of_a_parquet_column_are_sent(endpoint, showing, tmp_path):
    rows = [{"id": "r0", "picture": {"bytes": PNG, "path": "somewhere/else.png"}}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "suite" / "data" / "rows.parquet")
    source = {"type": "disk", "file_path": "data/rows.parquet", "id": "id"}

    await showing(data_config={"source": source})

    assert [seen.sha256 for seen in endpoint.images] == [sha256(PNG)]


async def test_the_journal_holds_no_bytes_of_an_image(endpoint, showing, tmp_path):
    large = PNG + os.urandom(300_000)
    (tmp_path / "suite" / "data" / "large.png").write_bytes(large)

    finished = await showing("large.png")

    assert [seen.size for seen in endpoint.images] == [len(large)]
    encoded = base64.b64encode(large)[1000:1100]
    for path in finished.folder.iterdir():
        assert encoded not in path.read_bytes(), path
    assert (finished.folder / "journal.db").stat().st_size < 200_000


async def test_another_image_is_another_call_and_the_same_one_is_not(
    endpoint, showing, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cached = {"suite": {"name": "small", "cache": "read-write"}}
    picture = tmp_path / "suite" / "data" / "cat.png"

    await showing("cat.png", **cached)
    await showing("cat.png", **cached)
    assert len(endpoint.requests) == 1
    picture.write_bytes(PNG + b"!")
    await showing("cat.png", **cached)

    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        ("../secret.png", "lies outside"),
        ("link.png", "lies outside"),
        ("folder/../../secret.png", "No such file"),
        ("/etc/hostname", "is an absolute path"),
        ("file:///etc/hostname", "neither a file's path nor an http address"),
        ("https://example.org/cat.png", "is an address that the row names"),
        ("ftp://example.org/cat.png", "neither a file's path nor an http address"),
        ("rows.jsonl", "no PNG, JPEG, GIF or WebP"),
        ("pipe.png", "is no file"),
        ("none.png", "No such file"),
        (".", "is no file"),
        ("a\0b", "has no path"),
        ("a" * 5000, "name too long"),
        ("", "is empty"),
        (None, "is empty"),
        (7, "is of type int"),
        ("data:text/html;base64,PGI+", "no PNG, JPEG, GIF or WebP"),
        ("data:image/png;base64,@@@", "broken base64"),
        ("data:image/png,abc", "not base64"),
        (["cat.png"] * 65, "takes at most 64"),
    ],
)
async def test_what_a_row_may_not_name_fails_its_row_alone_and_is_not_sent(
    endpoint, showing, tmp_path, picture, told
):
    (tmp_path / "suite" / "secret.png").write_bytes(PNG)
    (tmp_path / "suite" / "data" / "link.png").symlink_to(tmp_path / "suite" / "secret.png")
    os.mkfifo(tmp_path / "suite" / "data" / "pipe.png")

    finished = await showing(picture, "cat.png")

    first, second = finished.ends()
    assert first.outcome == "failed"
    assert first.reason.startswith("bad_input: the image")
    assert told in first.reason
    assert second.outcome == "verified"
    assert len(endpoint.requests) == 1


async def test_an_image_that_is_too_large_is_not_sent(endpoint, showing, tmp_path):
    (tmp_path / "suite" / "data" / "large.png").write_bytes(PNG + b"x" * 2**20)
    long = "data:image/png;base64," + base64.b64encode(PNG + b"x" * 2**20).decode()

    finished = await showing("large.png", long, images={"max_mb": 1})

    assert all("is larger than 1 MB" in reason for reason in reasons(finished))
    assert endpoint.requests == []


async def test_addresses_of_rows_are_sent_where_the_suite_allows_it(endpoint, showing):
    finished = await showing(
        "https://example.org/cat.png",
        *("http://127.0.0.1:9/x", "http://2130706433/x", "http://metadata/x", "http://127.1/x"),
        *("http://[::1]/x", "http://169.254.169.254/latest", "http://0x7f.1/x", "http://a.local/x"),
        "https://user:pass@example.org/cat.png",
        "http://127.0.0.1\\.example.org/cat.png",
        "http://127.0.0.1%2f.example.org/cat.png",
        "http://\uff11\uff12\uff17.0.0.1/cat.png",
        images={"urls": "send"},
    )

    assert [seen.url for seen in endpoint.images] == ["https://example.org/cat.png"]
    assert list(finished.outcomes().values()) == ["verified", *["failed"] * 12]


async def test_an_address_of_the_suite_itself_is_sent(endpoint, showing):
    parts = [{"type": "image_url", "image_url": "https://example.org/cat.png"}]

    await showing("unused", parts=parts)

    assert [seen.url for seen in endpoint.images] == ["https://example.org/cat.png"]


async def test_a_path_of_the_suite_is_beside_the_suite(endpoint, showing):
    parts = [{"type": "image_url", "image_url": {"path": "data/{picture}"}}]

    await showing("cat.png", parts=parts)

    assert [seen.sha256 for seen in endpoint.images] == [sha256(PNG)]


async def test_files_anywhere_are_read_where_the_suite_allows_it(endpoint, showing, tmp_path):
    (tmp_path / "secret.png").write_bytes(PNG)

    await showing("../../secret.png", str(tmp_path / "secret.png"), images={"files": "anywhere"})

    assert len(endpoint.images) == 2


async def test_a_model_of_a_plugin_that_does_not_say_that_it_sees_is_shown_none(showing):
    finished = await showing("cat.png", entry={"use": "echo"})

    (reason,) = reasons(finished)
    assert reason.startswith("no_images: model `author` takes text alone")


async def test_the_scripted_server_refuses_what_is_no_image(endpoint: ScriptedEndpoint, showing):
    parts = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": "{picture}"}]

    await showing("data:image/png;base64," + base64.b64encode(PNG).decode(), parts=parts)

    assert [seen.media_type for seen in endpoint.images] == ["image/png"]


async def test_a_replay_of_a_run_with_images_asks_by_their_hash(showing, endpoint):
    recorded = await showing("cat.png")

    again = await showing("cat.png", entry={"use": "replay", "run": str(recorded.folder)})

    assert again.rows("verified")[0]["answer"] == "a cat"
    assert len(endpoint.requests) == 1


async def test_a_model_that_stands_in_is_shown_images_only_if_it_sees(showing, endpoint):
    seeing = {**endpoint.model_entry("openai"), "fallback": {"to": "blind", "on": ["bad_request"]}}
    endpoint.answers_with(lambda body: status(400, {"error": {"message": "no"}}))

    finished = await showing("cat.png", entry=seeing, others={"blind": {"use": "echo"}})

    assert reasons(finished)[0].startswith("no_images: model `blind`")


def test_images_count_where_a_server_counts_no_tokens():
    message = Message.of_parts("user", (TextPart("look"), Image(sha256="ab"), Image(sha256="cd")))

    usage = estimated_usage(ChatRequest(messages=(message,)), "a cat")

    assert (usage.prompt_tokens > 3000, usage.is_estimated) == (True, True)


def test_messages_of_old_journals_are_read():
    assert messages_from_json([["user", "why"]]) == (Message("user", "why"),)


def test_a_message_with_images_comes_back_without_their_bytes():
    image = Image(sha256="ab", media_type="image/png", size=3, source="a.png", base64="AAAA")
    message = Message.of_parts("user", (TextPart("look"), image, Image(url="http://x/y")))

    kept = messages_to_json([message])

    assert "AAAA" not in json.dumps(kept)
    assert messages_from_json(json.loads(json.dumps(kept))) == (message,)


def test_a_path_that_no_disk_holds_is_a_bad_image(tmp_path):
    """A model's JSON may hold half a surrogate pair, and its fields are variables."""
    rules = ImageRules(folder=tmp_path, data_folder=tmp_path)

    with pytest.raises(BadImage, match="no path that a disk could hold"):
        image_of(ImageRef(value="a\ud800.png", is_from_row=True), rules)


@given(st.text() | st.from_regex(r"(https?|data|file):[^\n]{0,40}"), st.booleans())
def test_whatever_a_row_names_is_an_image_or_a_bad_image(text, sends):
    nowhere = Path("/nonexistent")
    rules = ImageRules(folder=nowhere, data_folder=nowhere, sends_urls=sends)

    try:
        image = image_of(ImageRef(value=text, is_from_row=True), rules)
    except BadImage as error:
        told = str(error)
    else:
        told = image.media_type or image.url * sends

    assert told
    assert told.isprintable()


async def test_a_critic_without_a_prompt_sees_what_the_author_saw(endpoint, showing):
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": [{"user": SHOWN}]},
        "critique": {"model": "author"},
        "max_rounds": 2,
    }
    endpoint.will_answer("a dog", "look again", "a cat", "NO MORE FEEDBACK")
    graph = {"nodes": {"look": loop}, "edges": chain(["look"])}

    finished = await showing("cat.png", graph_config=graph)

    assert finished.rows("verified")[0]["stop_reason"] == "sentinel"
    assert [seen.sha256 for seen in endpoint.images] == [sha256(PNG)] * 4


async def test_a_validator_may_show_a_model_the_rows_image(endpoint, showing, tmp_path):
    plugin = tmp_path / "suite" / "plugins" / "sees.py"
    plugin.parent.mkdir()
    plugin.write_text(
        """
from sygra_eval import Message, Status, Verdict, hookimpl
from sygra_eval.values import ImageRef, TextPart

async def sees(candidate, ctx):
    shown = ImageRef(value=ctx.columns["picture"], is_from_row=True)
    asked = Message.of_parts("user", (TextPart("is it so?"), shown))
    said = await ctx.complete((asked,), model="author")
    return Verdict(validator="sees", status=Status.PASS, reason=said.text)

@hookimpl
def sygra_register_validators(register):
    register("sees", sees)
"""
    )

    finished = await showing(
        "cat.png", "../secret.png", quality={"validators": [{"use": "sees"}]}, is_trusted=True
    )

    first, second = finished.ends()
    assert (first.outcome, first.verdicts[0].reason) == ("verified", "a cat")
    assert second.outcome == "failed"
    assert [seen.sha256 for seen in endpoint.images] == [sha256(PNG)] * 2
