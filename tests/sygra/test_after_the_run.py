"""What happens to all rows when a run has ended: messages of OASST, quality, dedup, metadata."""

import json

import pytest
import yaml

from sygra_eval.sygra import Delivery, Shim, deliver, write_rows
from sygra_eval.sygra.oasst import as_oasst, oasst_rows
from sygra_eval.sygra.quality_tasks import TASKS, said_of, tagger_of
from sygra_eval.sygra.shim.core.graph.graph_postprocessor import SemanticDedupPostProcessor
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.testing.texts import vectors
from sygra_eval.values import UsageError

SAID = [
    {"role": "user", "content": "why?"},
    {"role": "assistant", "content": "because"},
    {"role": "user", "content": "thanks"},
]


def test_each_message_of_a_conversation_becomes_a_row_with_ids_of_its_content():
    row = {"id": "r", "conversation": SAID, "tags": ["t"], "taxonomy": [{"category": "c"}]}

    made = list(oasst_rows(row, "sft"))

    assert [one["content"] for one in made] == ["why?", "because", "thanks"]
    assert [one["message_level"] for one in made] == [1, 2, 3]
    ids = [one["message_id"] for one in made]
    assert [one["parent_id"] for one in made] == [None, *ids[:2]]
    assert {one["root_message_id"] for one in made} == {ids[0]}
    assert (made[0]["categories"], made[0]["tags"]) == (["c"], ["t"])
    assert made == list(oasst_rows(json.loads(json.dumps(row)), "sft"))
    other = list(
        oasst_rows({**row, "conversation": [*SAID[:2], {**SAID[2], "content": "x"}]}, "sft")
    )
    assert [one["message_id"] for one in other][:2] == ids[:2]
    assert other[2]["message_id"] != ids[2]


def test_answers_that_were_compared_become_rows_side_by_side_with_their_scores():
    compared = {"role": "assistant", "chosen": ["good", "well"], "rejected": ["bad"]}
    row = {
        "id": "r",
        "conversation": [SAID[0], compared],
        "chosen_response_quality.clear": 5,
        "rejected_response_quality.clear": 1,
        "rejected_response_quality.true": None,
    }

    first, good, bad = oasst_rows(row, "dpo")

    assert (good["content"], bad["content"]) == ("good\nwell", "bad")
    assert good["parent_id"] == bad["parent_id"] == first["message_id"]
    assert good["message_id"] != bad["message_id"]
    assert (good["quality"], bad["quality"]) == ({"clear": 5}, {"clear": 1})


def test_a_row_without_a_conversation_cannot_be_mapped():
    with pytest.raises(UsageError, match="row r: the OASST mapping needs `conversation`"):
        list(oasst_rows({"id": "r"}, "sft"))
    with pytest.raises(UsageError, match="no type `rlhf`"):
        as_oasst("rlhf")


def test_what_can_be_computed_of_a_row_is_said_of_it_and_the_rest_is_told():
    asked = {"tasks": [{"name": "lexical_diversity"}, {"name": "data_characteristics"}]}
    tag = tagger_of({"tasks": [*asked["tasks"], {"name": "reward_score"}]})
    talk = [{"role": "user", "content": "One two, two."}, {"role": "assistant", "content": "Three"}]

    (row,) = tag({"id": 1, "conversation": talk})
    (bare,) = tag({"id": 2})

    about = row["quality_metadata"]
    assert about["ttr"] == pytest.approx(3 / 4)  # one two two three
    assert about["data_characteristics"]["num_turns"] == 1
    assert about["data_characteristics"]["num_words"] == 4
    assert about["data_characteristics"]["num_target_characters"] == 5
    assert bare == {"id": 2}
    assert list(said_of({})) == []
    assert set(tag({"conversation": talk}).__next__()["quality_metadata"]) <= {
        "ttr",
        "mtld",
        "data_characteristics",
    }


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("ppl_score", "a served model that gives the probabilities"),
        ("reward_score", "a reward model and a GPU"),
        ("conversation_pretokenization", "a tokenizer of Hugging Face"),
        ("metadata_tagging", "a model that tags"),
        ("llm_based_quality", "a model that judges"),
        ("nobody_knows", "SyGra"),
    ],
)
async def test_a_quality_task_that_is_not_done_is_told_before_and_after_with_its_needs(
    project, name, needs
):
    asked = {"tasks": [{"name": name}]}
    node = {"n": {"node_type": "connector"}}
    read = project.read(project.task("q", node, output_config={"data_quality": asked}))

    (before,) = [one.message for one in read.diagnostics]

    assert read.suite is not None
    assert f"`{name}` was not done: it needs {needs}" in before
    assert [before] == list(said_of(asked))


@pytest.mark.parametrize(
    ("sink", "says"),
    [
        ({"type": "hf", "repo_id": "me/mine"}, "then `hf upload me/mine rows.jsonl"),
        ({"type": "servicenow", "table": "incident"}, "`incident`, which needs a ServiceNow inst"),
        ({"type": "json"}, "of type `json` without a `file_path`"),
    ],
)
def test_a_sink_that_is_no_file_is_told_with_its_needs_and_a_way(project, sink, says):
    node = {"n": {"node_type": "connector"}}

    read = project.read(project.task("sunk", node, data_config={"sink": sink}))

    assert [(one.code, says in one.message) for one in read.diagnostics] == [
        ("sygra-left-out", True)
    ]


@pytest.mark.parametrize(
    ("words", "mtld"),
    [
        ("a a a a", 2.0),  # each second word ends a segment: 1 of 2 is at most 0.72
        ("a b c d", None),  # no segment ever ends
        ("", None),
    ],
)
def test_lexical_diversity_counts_how_long_a_text_keeps_its_variety(words, mtld):
    said = TASKS["lexical_diversity"](words, [])

    assert said["mtld"] == (None if mtld is None else pytest.approx(mtld))


@pytest.fixture
def alias(tmp_path, monkeypatch):
    """The alias of a server of vectors: texts that begin alike are near each other."""
    monkeypatch.chdir(tmp_path)
    with ScriptedEndpoint.in_a_thread() as endpoint:
        near = {"a": [1.0, 0.0], "b": [0.0, 1.0]}
        endpoint.texts_with(lambda body: vectors([near[text[0]] for text in body["texts"]]))
        entry = {"model_type": "openai", "model": "v", "url": endpoint.base_url, "parameters": {}}
        (tmp_path / "models.yaml").write_text(yaml.safe_dump({"vectors": entry}))
        monkeypatch.setenv("SYGRA_CUSTOM_MODELS_PATH", str(tmp_path / "models.yaml"))
        yield "vectors"


@pytest.mark.parametrize(("keep", "left"), [("first", [1, 2]), ("last", [3, 4])])
def test_rows_that_mean_nearly_the_same_are_dropped_by_vectors_of_an_endpoint(
    alias, tmp_path, keep, left
):
    rows = [{"id": n, "text": text} for n, text in enumerate(["a1", "b1", "a2", "b2"], start=1)]
    dedup = SemanticDedupPostProcessor(embedding_model=alias, keep=keep)

    kept = dedup.process(rows, {"output_file": str(tmp_path / "output.json")})

    assert [row["id"] for row in kept] == left
    report = json.loads((tmp_path / "semantic_dedup_report.json").read_text())
    assert (report["dropped_count"], len(report["duplicates"])) == (2, 2)


def test_without_vectors_the_message_names_what_they_need(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYGRA_CUSTOM_MODELS_PATH", raising=False)
    import sys

    monkeypatch.setitem(sys.modules, "sentence_transformers", None)

    with pytest.raises(ImportError, match="an alias `all-MiniLM-L6-v2` with the URL"):
        SemanticDedupPostProcessor().process([{"text": "a"}], {})


async def test_all_that_belongs_to_a_run_is_written_beside_its_rows(project, endpoint, llm):
    endpoint.will_answer("because", "because")
    output = {
        "output_map": {"id": {"from": "id"}, "conversation": {"from": "talk"}},
        "oasst_mapper": {"required": "yes", "type": "sft", "intermediate_writing": "yes"},
        "data_quality": {"tasks": [{"name": "lexical_diversity"}, {"name": "ppl_score"}]},
    }
    rows = [{"id": "a", "question": "x", "talk": SAID}, {"id": "b", "question": "y", "talk": SAID}]
    task = project.task("all", {"say": llm(output_keys="said")}, rows=rows, output_config=output)
    ran, target = await project.run(task), project.root / "out" / "output.json"

    made = deliver(project.read(task), ran.summary, Delivery(target=target, about={}), Shim.AUTO)

    assert made.rows == len(json.loads(target.read_text())) == 6
    before = json.loads((target.parent / "output_intermediate.json").read_text())
    assert [row["quality_metadata"]["ttr"] for row in before] == [1.0, 1.0]
    assert [path.name for path, _ in made.others] == [
        "output_intermediate.json",
        "output.metadata.json",
    ]
    assert "`ppl_score` was not done" in made.notes[0]
    about = json.loads((target.parent / "output.metadata.json").read_text())
    assert about["nodes"]["say"]["total_executions"] == 2
    assert about["models"]["author"]["performance"]["latency_statistics"]["max"] > 0
    assert about["aggregate_statistics"]["cost"]["total_cost_usd"] is None
    assert about["dataset"]["source_type"] == "disk"
    first = target.read_bytes()
    write_rows(ran.folder, target, as_oasst("sft"))
    assert len(json.loads(first)) == len(json.loads(target.read_text()))


async def test_the_judge_of_a_task_is_a_validator_where_somebody_is_named(project, endpoint, llm):
    endpoint.answers_with(
        lambda body: "because" if body["messages"][-1]["content"] == "x" else '{"verdict": "4"}'
    )
    asked = {"tasks": [{"name": "llm_based_quality", "params": {"category": "coding"}}]}
    task = project.task(
        "judged",
        {"say": llm()},
        rows=[{"id": "a", "question": "x"}],
        output_config={"data_quality": asked},
    )
    (before,) = [one.message for one in project.read(task).diagnostics]
    (task.folder / "sygra_eval.yaml").write_text("judge: critic")

    read = project.read(task)

    assert "name it as `judge: ALIAS`" in before
    assert (read.diagnostics, read.has_judge) == ((), True)
    (judge,) = read.suite.data["quality"]["validators"]
    assert "The code does what was asked" in judge["rubric"]
    assert judge["model"] in read.suite.data["models"]


async def test_a_row_that_is_no_conversation_fails_where_messages_are_asked_for(project):
    output = {
        "output_map": {"id": {"from": "id"}, "conversation": {"from": "talk"}},
        "oasst_mapper": {"required": "yes"},
    }
    rows = [{"id": "a", "talk": SAID}, {"id": "b", "talk": "none"}, {"id": "c", "talk": []}]
    node = {"n": {"node_type": "connector"}}
    task = project.task("mapped", node, rows=rows, output_config=output)
    ran, target = await project.run(task), project.root / "output.json"

    made = deliver(project.read(task), ran.summary, Delivery(target=target), Shim.AUTO)

    assert (ran.counts["failed"], ran.counts["unjudged"], made.rows) == (2, 1, 3)
    assert "row b: the OASST mapping needs `conversation`" in ran.left("failed")[0]["reason"]
    assert (
        project.read(task, oasst=False).suite.data["graph_config"]["nodes"]["task"].get("is_oasst")
        is None
    )


async def test_a_mapping_that_is_asked_for_later_keeps_the_good_rows_and_names_the_others(project):
    output = {"output_map": {"id": {"from": "id"}, "conversation": {"from": "talk"}}}
    rows = [{"id": "a", "talk": "none"}, {"id": "b", "talk": SAID}]
    node = {"n": {"node_type": "connector"}}
    task = project.task("mapped", node, rows=rows, output_config=output)
    ran, target = await project.run(task), project.root / "output.json"

    with pytest.raises(UsageError, match=r"row a: .* so 1 of the rows made no message"):
        deliver(project.read(task), ran.summary, Delivery(target=target, oasst=True), Shim.AUTO)

    assert len(json.loads(target.read_text())) == 3
    assert [one.name for one in target.parent.glob("*.tmp")] == []
