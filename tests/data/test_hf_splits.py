"""Which files are which split, as the package datasets says it of the same names."""

from pathlib import Path

import pytest
from datasets.data_files import DataFilesDict, get_data_patterns

from sygra_eval.data.hf_splits import (
    Configuration,
    NotResolved,
    configurations_in,
    readable,
    splits_of,
)

LAYOUTS = {
    "sharded": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002-ab12.parquet",
                "data/my_split-00000-of-00001.parquet", "other/test.parquet"],
    "folders": ["train/a.jsonl", "train/b.jsonl", "my-test/c.jsonl", "x/dev/d.jsonl"],
    "file names": ["data_train.csv", "valid.csv", "evaluation_x.csv", "more/train-2.csv"],
    "none of them": ["a.jsonl", "b/c.jsonl"],
    "words inside words": ["contest.jsonl", "pretrained.jsonl", "trainer/evaluator.jsonl"],
    "hidden": ["train.jsonl", ".cache/train.jsonl", "__pycache__/train.jsonl", "config.json"],
    "sevens": ["train7.csv", "7test.csv", "train 2.csv"],
    "both": ["train/test.jsonl", "test/train.jsonl"],
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_names_of_files_say_what_they_say_to_datasets(tmp_path, layout):
    for name in LAYOUTS[layout]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n")

    theirs = DataFilesDict.from_patterns(get_data_patterns(str(tmp_path)), base_path=str(tmp_path))

    ours = splits_of(LAYOUTS[layout], [], None)
    assert {split: sorted(files) for split, files in ours.items()} == {
        str(split): sorted({Path(file).relative_to(tmp_path).as_posix() for file in files})
        for split, files in theirs.items()
    }


CARD = """---
license: mit
configs:
- config_name: main
  default: true
  data_files:
  - {split: train, path: ["a/*.parquet", "b.parquet"]}
  - {split: test, path: "**/t[0-9].parquet"}
- config_name: other
  data_dir: sub
- config_name: plain
  data_files: plain/**
---
# A data set
"""
ONE = "---\nconfigs: [{{config_name: a, data_files: {}}}]\n---\n"
FILES = ["a/1.parquet", "a/2.parquet", "a/x/3.parquet", "b.parquet", "c/d/t1.parquet",
         "sub/train.csv", "sub/test.csv", "plain/z/y.jsonl", "README.md", "load.py"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, {"train": ["a/1.parquet", "a/2.parquet", "b.parquet"], "test": ["c/d/t1.parquet"]}),
        ("other", {"train": ["sub/train.csv"], "test": ["sub/test.csv"]}),
        ("plain", {"train": ["plain/z/y.jsonl"]}),
    ],
)
def test_a_cards_configurations_come_before_names(name, expected):
    assert splits_of(FILES, configurations_in(CARD), name) == expected


@pytest.mark.parametrize(
    ("card", "name", "said"),
    [
        (CARD, "maim", "no configuration `maim`; it has `main`, `other`, `plain`"),
        (CARD.replace("  default: true\n", ""), None, "it has several configurations: name one of"),
        ("---\nconfigs: [\n---\n", None, "no YAML"),
        ("---\nconfigs: 3\n---\n", None, "`configs` in its README.md is no list"),
        ("---\nconfigs: [{data_files: x}]\n---\n", None, "no `config_name`"),
        (ONE.format("[{split: 3, path: x}]"), None, "`data_files`"),
        (ONE.format("'https://h/x.csv'"), None, "elsewhere"),
        ("---\nx: !!python/object/apply:os.system ['true']\n---\n", None, "no YAML"),
        ("# none", "sub2", "no configuration `sub2`, and it has no such folder"),
    ],
)  # fmt: skip
def test_what_a_card_does_not_say_is_an_error(card, name, said):
    with pytest.raises(NotResolved) as refused:
        splits_of(FILES, configurations_in(card), name)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "card", ["", "# none", "---\nlicense: mit\n---\n", "---\nno end", "---\n3\n---\n"]
)
def test_a_card_without_configurations_has_none(card):
    assert configurations_in(card) == []


def test_a_folder_stands_for_a_configuration_that_no_card_names():
    assert splits_of(FILES, [], "sub") == {"train": ["sub/train.csv"], "test": ["sub/test.csv"]}


def test_of_several_forms_the_first_is_read():
    assert readable(["a.csv", "b.JSONL", "c.jsonl.zst", "d.parquet"]) == ["d.parquet"]
    assert readable(["a.csv", "b.JSONL", "c.jsonl.zst"]) == ["b.JSONL", "c.jsonl.zst"]
    assert readable(["a.txt"]) == []


def test_a_pattern_is_no_regular_expression_and_finds_nothing_outside():
    odd = Configuration(
        name="a",
        folder="",
        patterns={"train": ["(a+)+.csv", "../x.csv", "[!b].csv"]},
        is_default=True,
    )

    assert splits_of(["(a+)+.csv", "aa.csv", "b.csv", "c.csv", "x.csv"], [odd], None) == {
        "train": ["(a+)+.csv", "x.csv", "c.csv"]
    }
