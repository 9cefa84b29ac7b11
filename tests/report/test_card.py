import json
import os
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import Features
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sygra_eval.engine import HardCoding, WeakTests
from sygra_eval.report import closing_words, data_card, one_line, printable
from sygra_eval.report.card_header import size_category
from sygra_eval.suite import is_language, licence_id
from sygra_eval.values import Outcome, RecordEnd
from tests.report.handmade import SUITE, handmade_run

ANY_TEXT = st.text(st.characters())
NONE_VERIFIED = {Outcome.VERIFIED: 0, Outcome.REJECTED: 20}


def front_matter(card):
    """Read the header where the hub finds it."""
    return yaml.safe_load(re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)[1])


def test_the_header_names_the_verified_rows_and_nothing_else(summary_of):
    assert front_matter(data_card(summary_of())) == {
        "license": "unknown",
        "language": ["en"],
        "pretty_name": "glaive_code_assistant",
        "task_categories": ["text-generation"],
        "size_categories": ["n<1K"],
        "tags": ["synthetic", "code", "sygra-eval"],
        "configs": [{"config_name": "default", "data_files": "verified.parquet"}],
    }


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (99_999, "10K<n<100K"), (10**6, "1M<n<10M")],
)
def test_the_size_is_named_as_the_hub_names_it(rows, category):
    assert size_category(rows) == category


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A finished run whose columns have every type that a row of ours may have."""
    folder = tmp_path_factory.mktemp("card") / "small" / "one"
    data = {
        "id": "r0",
        "tags": ["a", "b"],
        "is_new": True,
        "level": 3,
        "share": 0.5,
        "parts": [[1, 2], [3]],
        "nested": {"x": 1, "many": [{"y": "z"}]},
        "answer": "It is.",
        "code": "pass",
        "messages": [{"role": "user", "content": "why?"}],
        "rounds": 1,
        "stop_reason": None,
        "verdicts": [],
        "grade": "tests",
        "mixed": {"a": [1, "two"]},
    }
    end = RecordEnd(row_id="r0", index=0, outcome=Outcome.VERIFIED, reason="all passed", data=data)
    card = {
        "license": "Apache 2.0",
        "language": ["en", "code"],
        "model_licenses": {"author": "apache-2.0"},
    }
    handmade_run(folder, [end], document={**SUITE, "card": card})
    return folder


def test_both_parsers_of_datasets_take_the_header_and_read_the_types_of_the_file(run_folder):
    front = front_matter((run_folder / "README.md").read_text())
    card = DatasetCardData(**front)

    configs = MetadataConfigs.from_dataset_card_data(card)
    info = DatasetInfosDict.from_dataset_card_data(card)["default"]

    assert configs["default"]["data_files"] == "verified.parquet"
    schema = pq.read_schema(run_folder / "verified.parquet")
    assert info.features == Features.from_arrow_schema(schema)
    assert front["dataset_info"]["features"] == info.features._to_yaml_list()
    assert info.splits["train"].num_examples == 1
    assert info.splits["train"].num_bytes > 100
    assert (front["license"], front["language"]) == ("apache-2.0", ["en", "code"])


def test_the_card_names_models_with_licences_types_and_what_is_known_to_be_weak(run_folder):
    text = (run_folder / "README.md").read_text()

    assert re.search(r"\| author +\| embedded +\| a model +\| apache-2.0 +\|", text)
    assert re.search(r"\| level +\| int64 +\|", text)
    assert "## Known weaknesses" in text
    assert "the tests notice was not measured" in text


def test_a_licence_that_nobody_gave_is_unknown_and_one_without_an_id_is_other(summary_of):
    card = data_card(summary_of(), card={"license": "My own terms"})

    assert front_matter(card)["license"] == "other"
    assert front_matter(card)["license_name"] == "My own terms"
    assert re.search(r"\| author +\| embedded +\| [^|]+ \| unknown +\|", card)


def test_weaknesses_come_with_their_intervals(summary_of):
    hard = HardCoding(rows=2, of=20, examples=("a",))
    weak = WeakTests(rows=3, of=20, reasons={"an empty program passes": 3})
    text = data_card(summary_of(hard_coding=hard, weak_tests=weak, counts={Outcome.UNJUDGED: 4}))

    assert "2 of 20 rows passed the tests that the author saw" in text
    assert "2.8 – 30.1 %" in text
    assert "of 3 of 20 rows the tests pass a program that must not pass them" in text
    assert "4 rows were judged by nothing" in text
    assert "judge did not apply to 13 rows" in text
    assert "code ran in less than a full box: reduced" in text


def test_without_a_verified_row_there_is_no_config_and_the_text_says_so(summary_of):
    card = data_card(summary_of(counts=NONE_VERIFIED))

    assert "configs" not in front_matter(card)
    assert "There is nothing to load" in card
    assert "load_dataset" not in card


def test_what_the_suite_says_of_rights_is_in_header_and_text(summary_of):
    said = {
        "license": "apache-2.0",
        "language": ["en", "no"],
        "pretty_name": "Questions: verified",
        "citation": "@misc{q}",
        "source_licenses": ["CC-BY-4.0 (questions)"],
    }

    card = data_card(summary_of(card=said))

    front = front_matter(card)
    assert (front["license"], front["language"]) == ("apache-2.0", ["en", "no"])
    assert front["pretty_name"] == "Questions: verified"
    assert "# Questions: verified" in card
    assert "```\n@misc{q}\n```" in card
    assert "- CC-BY-4.0 (questions)" in card


def test_it_says_what_verified_means_and_that_trust_is_cooperative(summary_of):
    card = data_card(summary_of())

    assert "Every required validator passed on the final answer" in card
    assert "Trust is cooperative: the tests ran inside the process of the code" in card
    assert "isolation: reduced(landlock7,seccomp,rlimit)" in card


def test_separate_judges_are_not_called_cooperative(summary_of):
    card = data_card(summary_of(trust=("unit_tests: separate",)))

    assert "cooperative" not in card


def test_columns_come_with_their_types_or_from_the_summary(summary_of):
    typed = data_card(summary_of(), features=[("id", "string"), ("rounds", "int64")])
    untyped = data_card(summary_of(columns=("id", "answer")))

    assert re.search(r"\| id +\| string +\|", typed)
    assert re.search(r"\| rounds +\| int64 +\| rounds that the loop took", typed)
    assert re.search(r"\| answer +\| – +\| the answer that was kept", untyped)


def test_the_card_names_no_folder_of_this_machine(summary_of):
    assert "/data/reports" not in data_card(summary_of())


def test_a_run_that_goes_on_says_so(summary_of):
    assert "**The run is still going on" in data_card(summary_of(state="running"))


@settings(deadline=None)
@given(text=ANY_TEXT)
def test_no_text_breaks_the_header_or_the_page(summary_of, text):
    said = {"license": text, "language": [text, "en"], "pretty_name": text, "citation": text}

    card = data_card(
        summary_of(suite=text, run=text, models=((text, text, text),), isolation=(text,)),
        card=said,
        features=[(text, text)],
    )

    shown = one_line(text)
    front = front_matter(card)
    licence = licence_id(shown) if shown else "unknown"
    assert front["license"] == (licence or "other")
    assert front.get("license_name") == (None if licence else shown)
    assert front["language"] == ([shown, "en"] if is_language(shown) else ["en"])
    assert front["pretty_name"] == shown
    assert printable(card.replace("@\u2060", "@")) == card.replace("@\u2060", "@")
    tokens = MarkdownIt("commonmark").parse(card.split("\n---\n", 1)[1])
    assert not {"html_block", "image"} & {token.type for token in tokens}


@pytest.mark.slow
def test_datasets_loads_the_run_folder_with_the_line_that_the_user_is_shown(tmp_path, summary_of):
    folder = tmp_path / "it's a run"
    folder.mkdir()
    pq.write_table(pa.table({"id": ["a", "b"]}), folder / "verified.parquet")
    for name in ("verified.jsonl", "rejected.jsonl", "report.json"):
        (folder / name).write_text('{"id": 1, "other": ["x"]}\n')
    summary = summary_of(folder=folder)
    (folder / "README.md").write_text(data_card(summary), encoding="utf-8")
    line = next(
        line.removeprefix("load").strip()
        for line in closing_words(summary).splitlines()
        if line.startswith("load")
    )

    loaded = subprocess.run(  # noqa: S603 - our own interpreter, on our own line
        [sys.executable, "-c", f"{line}; import json; print(json.dumps(list(rows['id'])))"],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
        check=False,
    )

    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout.splitlines()[-1]) == ["a", "b"]
