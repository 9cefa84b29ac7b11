"""Loading: all mistakes in one go and in place; a suite without errors is frozen and whole."""

import json
from pathlib import Path

import pytest

from sygra_eval.suite import override_model
from sygra_eval.values import Row, Severity, UsageError

FIVE_MISTAKES = """\
suite: {name: five, seed: zero}
models:
  author: {use: scriptd}
data_config:
  source: {type: lines, file_path: rows.jsonl, id: id}
graph_config:
  nodes:
    solve:
      node_type: ask
      model: author
      prompt: [{user: "{qestion}"}]
      output_keys: answer
      sampels: 4
  edges:
    - {from: START, to: solve}
    - {from: solve, to: END}
quality:
  validators:
    - {use: contains, column: nothing}
"""


def test_a_suite_with_five_mistakes_reports_all_five_each_with_its_line(folder, place_of):
    folder.write(FIVE_MISTAKES)

    found = folder.check()

    assert [place_of(diagnostic) for diagnostic in found] == [
        ("wrong-type", 1, 27),
        ("unknown-type", 3, 17),
        ("unknown-variable", 11, 25),
        ("unknown-key", 13, 7),
        ("unknown-column", 19, 31),
    ]
    assert [d.fix for d in found[1:4]] == [
        "write `scripted`",
        "write `{question}`",
        "write `samples`",
    ]
    assert {d.path for d in found} == {str(folder.file)}


def test_loading_it_raises_with_the_same_diagnostics(folder):
    folder.write(FIVE_MISTAKES)

    with pytest.raises(UsageError, match="5 errors") as caught:
        folder.load()

    assert caught.value.diagnostics == folder.check()


def test_a_right_suite_is_whole(folder):
    suite = folder.load()

    assert folder.check() == suite.diagnostics == ()
    assert (suite.name, suite.seed, suite.candidate) == ("good", 0, "answer")
    assert [(node.name, node.type, node.config.model) for node in suite.nodes] == [
        ("solve", "ask", "author")
    ]
    author = suite.models["author"]
    assert (author.use, author.config.says, author.parameters) == (
        "scripted",
        "hello",
        {"temperature": 0.5},
    )
    assert (suite.source.type, suite.source.config.id, suite.source.folder) == (
        "lines",
        "id",
        folder.path,
    )
    (validator,) = suite.validators
    assert (validator.name, validator.is_required) == ("contains", True)
    assert suite.first_row.id == "a"
    assert (suite.sandbox.require, suite.sandbox.accepts_none) == ("reduced", False)


@pytest.mark.parametrize(
    ("marks", "required"),
    [("", [True, True]), ("required: true", [True, False]), ("required: false", [True, True])],
)
def test_without_a_required_validator_all_are_required(folder, marks, required):
    folder.change(
        "- {use: contains, column: expected}",
        f"- {{use: contains, column: expected, {marks}}}\n    - {{use: free, name: second}}",
    )

    assert [validator.is_required for validator in folder.load().validators] == required


def test_a_suite_without_validators_is_allowed(folder):
    folder.change("quality:\n  validators:\n    - {use: contains, column: expected}\n", "")

    assert folder.load().validators == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{name: good}", "{name: good, §tag: [x]}", "unknown-key write `tags`"),
        ("{name: good}", "{§nam: good}", "unknown-key write `name`"),
        ("suite: {name: good}", "§suite: {}", "missing-key add `name: ...`"),
        ("{name: good}", "§good", "wrong-type"),
        ("{name: good}", "{name: §1.5}", 'wrong-type write `"1.5"`'),
        ("{name: good}", "{name: good, seed: §'3'}", "wrong-type write `3` without quotes"),
        ("{name: good}", "{name: good, tags: §x}", "wrong-type write `[x]`"),
        ("{name: good}", "{name: §a/b}", "wrong-value"),
        ("suite: {name: good}", "§suit: {name: good}", "unknown-key write `suite`"),
        ("quality:\n", "quality:\n  §dedup: []\n", "unsupported-key take it out"),
        ("quality:\n", "quality:\n  candidate: §answr\n", "unknown-variable write `answer`"),
        ("quality:\n", "quality:\n  grade: §test\n", "wrong-value write `tests`"),
        ("use: contains", "use: §contain", "unknown-type write `contains`"),
        ("column: expected", "column: expected, name: §a b", "wrong-value"),
        ("{use: contains, column: expected}", "§contains", "wrong-type"),
        ("model: author", "model: §autor", "unknown-model"),
        ("node_type: ask", "§node_typ: ask", "unknown-key write `node_type`"),
        ("output_keys: answer", "output_keys: §question", "duplicate-variable"),
        ("type: lines", "type: §lnes", "unknown-type write `lines`"),
        ("source: {type: lines", "source: §{type: gone", "source-failed"),
        ("file_path: rows.jsonl", "file_path: §row.jsonl", "file-not-found"),
        ("use: scripted,", "use: scripted, §max_concurency: 3,", "unknown-key write `max_con"),
        ("use: scripted,", "use: scripted, timeout: §0,", "wrong-value"),
        ("{question}", '§{"a": 1}', "bad-placeholder write `{{"),
        ("{question}", "{question} {§meta.topc}", "unknown-variable write `{meta.topic}`"),
        ("{question}", "{{qestion}} {§qestion}", "unknown-variable write `{question}`"),
    ],
)
def test_one_mistake_is_one_diagnostic_in_its_place_with_a_fix(folder, old, new, expected):
    folder.change(old, new)
    line, column = folder.take_out("§")

    diagnostic = folder.only()

    assert (diagnostic.line, diagnostic.column) == (line, column)
    assert f"{diagnostic.code} {diagnostic.fix}".startswith(expected)


@pytest.mark.parametrize(
    ("section", "code", "words"),
    [
        ("sandbox: {isolation: none}", "risk-not-accepted", "all your rights"),
        ("sandbox: {allow: [processes]}", "no-cgroup-not-accepted", "several processes together"),
        ("sandbox: {require: none}", "wrong-value", "opt-in"),
        ("sandbox: {require: redced}", "unknown-type", "redced"),
        ("sandbox: {packages: [pytest, nosuch]}", "unknown-package", "`nosuch`"),
        ("sandbox: {timeout: -1}", "wrong-value", "greater than 0"),
        ("output_config: {output_map: {x: {from: answr}}}", "unknown-variable", "answr"),
        ("output_config: {output_map: {x: {}}}", "missing-key", "takes nothing"),
        ("output_config: {output_map: {code: {value: 1}}}", "reserved-column", "code"),
        ("output_config: {output_map: {id: {value: 1}}}", "reserved-column", "id"),
        ("output_config: {output_map: {x: {value: $a.b}}}", "unsupported-key", "SyGra"),
        ("output_config: {generator: a.b}", "unsupported-key", "generator"),
        ("output_config: {output_map: {x: {value: 1, transform: t}}}", "unsupported-key", "trans"),
        ("schema_config: {fields: [{name: answr, type: str}]}", "unknown-variable", "answr"),
        ("schema_config: {fields: [{name: answer, type: string}]}", "wrong-value", "type"),
        ("report: {formats: [html]}", "unsupported-key", "html"),
        ("report: {formats: [markdwn]}", "unknown-type", "markdwn"),
        ("card: {licence: mit}", "unknown-key", "licence"),
        ("card: {language: 3}", "wrong-type", "text or a list"),
    ],
)
def test_sections_around_the_graph_are_checked_too(folder, section, code, words):
    folder.write(folder.file.read_text() + section + "\n")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.line) == (code, 23)
    assert words in f"{diagnostic.message} {diagnostic.fix}"


def test_a_validator_that_starts_processes_needs_the_suites_word(folder):
    text = folder.file.read_text().replace("{use: contains, column: expected}", "{use: forking}")
    folder.write(text)

    diagnostic = folder.only()

    assert diagnostic.code == "not-allowed"
    assert diagnostic.fix == "add `sandbox: {allow: [processes], i_accept_no_cgroup: true}`"
    folder.write(f"{text}sandbox: {{allow: [processes], i_accept_no_cgroup: true}}\n")
    assert folder.load().sandbox.allow == {"processes"}


def test_sections_around_the_graph_are_kept(folder):
    folder.write(
        folder.file.read_text()
        + "sandbox: {isolation: none, i_accept_the_risk: true, timeout: 2}\n"
        "output_config: {output_map: {copy: {from: answer}, fixed: {from: answer, value: null}}}\n"
        "schema_config: {fields: [{name: answer, type: str}]}\n"
        "report: {formats: [markdown]}\n"
        "card: {license: mit, language: [en, de], source_licenses: ours}\n"
    )

    suite = folder.load()

    assert (suite.sandbox.accepts_none, suite.sandbox.timeout_s) == (True, 2.0)
    assert {k: (v.variable, v.value) for k, v in suite.output_map.items()} == {
        "copy": ("answer", None),
        "fixed": (None, None),
    }
    assert suite.schema_fields == {"answer": "str"}
    assert suite.report_formats == ("markdown",)
    assert (suite.card.language, suite.card.source_licenses) == (("en", "de"), ("ours",))


def test_a_sygra_configuration_is_named_as_such(folder):
    folder.change("suite: {name: good}\n", "")

    assert folder.only().code == "sygra-dialect"


@pytest.mark.parametrize("missing", ["data_config", "graph_config"])
def test_a_suite_needs_data_and_a_graph(folder, missing):
    data = folder.load().document
    kept = {key: value for key, value in data.items() if key != missing}
    folder.write(json.dumps(kept))

    codes = {d.code for d in folder.check()}

    assert "missing-key" in codes
    with pytest.raises(UsageError):
        folder.load()


def test_a_reserved_column_of_the_source_is_refused_with_a_fix(folder):
    folder.rows({"id": "a", "question": "q", "expected": "e", "code": "x", "grade": 1})

    found = folder.check()

    assert [d.code for d in found] == ["reserved-column"] * 2
    assert found[0].fix == "rename the column, as to `source_code`"
    assert found[0].line == 5


def test_bad_rows_before_the_first_good_one_are_a_warning(folder):
    folder.rows("{broken", {"id": "b", "question": "q", "expected": "e"})

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.severity) == ("bad-row", Severity.WARNING)
    assert "rows.jsonl:1: no JSON" in diagnostic.message
    assert folder.load().first_row.id == "b"
    assert folder.load().diagnostics == (diagnostic,)


def test_a_source_without_rows_is_a_warning_and_hides_nothing_else(folder):
    folder.rows()
    folder.change("{question}", "{qestion}")
    folder.change("model: author", "model: autor")

    assert [d.code for d in folder.check() if d.code != "unknown-column"] == [
        "no-rows",
        "unknown-model",
    ]


def test_a_row_that_is_handed_in_is_taken_and_the_source_left_alone(folder):
    row = Row(id="x", index=0, columns={"question": 1, "expected": 2}, origin="memory")
    (folder.path / "rows.jsonl").unlink()

    assert folder.load(first_row=row).first_row is row


async def test_it_works_inside_a_running_event_loop(folder):
    assert folder.load().first_row.id == "a"


def test_id_column_and_source_id_mean_the_same(folder):
    folder.change(", id: id}", "}\n  id_column: id")
    assert folder.load().source.config.id == "id"

    folder.change("rows.jsonl}", "rows.jsonl, id: question}")
    assert folder.only().code == "conflict"


def test_what_a_source_says_of_its_id_stands_at_id_column(folder):
    folder.change(", id: id}", "}\n  id_column: §ident")
    place = folder.take_out("§")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.line, diagnostic.column) == ("unknown-column", *place)


def test_two_validators_of_one_name_are_refused(folder):
    folder.change("column: expected}", "column: expected}\n    - {use: contains, column: id}")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.line) == ("duplicate-name", 23)


def test_a_check_that_raises_names_its_plugin(folder):
    folder.change("use: contains, column: expected", "use: broken")

    diagnostic = folder.only()

    assert diagnostic.code == "plugin-failed"
    assert "plugin fakes failed while it checked `broken`: RuntimeError: oh" in diagnostic.message


def test_an_unknown_type_names_the_plugins_that_were_not_trusted(folder):
    folder.plugins.skipped.append("plugins was not imported: say --trust once")
    folder.change("node_type: ask", "node_type: redact")

    diagnostic = folder.only()

    assert diagnostic.code == "unknown-type"
    assert "say --trust" in diagnostic.fix


def test_behind_a_node_that_declares_no_outputs_names_are_only_warned_of(folder):
    folder.change("nodes:\n", "nodes:\n    first: {node_type: anything, any: key}\n")
    folder.change("to: solve}", "to: first}\n    - {from: first, to: solve}")
    folder.change("{question}", "{made_up}")

    suite = folder.load()

    assert [node.name for node in suite.nodes] == ["first", "solve"]
    assert suite.nodes[0].config == {"any": "key"}
    assert [(d.code, d.severity) for d in suite.diagnostics] == [
        ("unknown-variable", Severity.WARNING)
    ]


def test_output_keys_of_a_type_without_a_config_model_are_known(folder):
    folder.change(
        "nodes:\n", "nodes:\n    first: {node_type: anything, output_keys: [made_up, b]}\n"
    )
    folder.change("to: solve}", "to: first}\n    - {from: first, to: solve}")
    folder.change("{question}", "{made_up} {b}")

    assert folder.load().diagnostics == ()


def test_the_candidate_is_what_the_loop_makes_else_the_last_nodes_only_output(folder):
    folder.change("node_type: ask", "node_type: loop")
    assert folder.load().candidate == "answer"

    folder.change("node_type: loop", "node_type: ask")
    folder.change("    solve:", "    last: {node_type: anything}\n    solve:")
    folder.change("to: END}", "to: last}\n    - {from: last, to: END}")
    diagnostic = folder.only()
    assert (diagnostic.code, diagnostic.fix) == (
        "no-candidate",
        "add `quality: {candidate: VARIABLE}`",
    )

    folder.change("quality:\n", "quality:\n  candidate: answer\n")
    assert folder.load().candidate == "answer"


def test_models_beside_the_suite_are_used_and_the_suites_own_win(folder):
    folder.write("author: {use: scripted, says: other}\ncritic: {use: scripted}\n", "models.yaml")

    models = folder.load().models

    assert models["author"].config.says == "hello"
    assert models["critic"].use == "scripted"


def test_mistakes_in_the_models_file_have_places_there(folder):
    folder.write("critic:\n  use: scripted\n  fallback: 3\n  sayz: x\nb c: {}\n", "models.yaml")

    found = folder.check()

    assert {Path(d.path).name for d in found} == {"models.yaml"}
    assert [(d.code, d.line) for d in found] == [
        ("wrong-type", 3),
        ("unknown-key", 4),
        ("wrong-value", 5),
        ("missing-key", 5),
    ]


def test_an_override_replaces_a_model_and_keeps_its_sampling(folder):
    url = override_model("http://127.0.0.1:1/v1#m")

    suite = folder.load(overrides={"author": url})

    author = suite.models["author"]
    assert author.use == "openai"
    assert author.config == {"base_url": "http://127.0.0.1:1/v1", "model": "m"}
    assert author.parameters == {"temperature": 0.5}
    assert suite.sha256 != folder.load().sha256


def test_an_override_of_a_model_that_is_not_there_is_refused(folder):
    diagnostic = folder.only(overrides={"autor": override_model("embedded")})

    assert (diagnostic.code, diagnostic.fix) == ("unknown-model", "write `author`")


def test_a_canary_column_that_the_source_lacks_would_leave_canaries_in_the_data(folder):
    folder.rows({"id": "a", "question": "q", "expected": "e", "is_canary": False})
    folder.change("quality:\n", "quality:\n  canary: is_canry\n")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.fix) == ("unknown-variable", "write `is_canary`")


def test_a_replaced_model_keeps_how_many_calls_the_suite_lets_it_take(folder):
    folder.change(
        "parameters: {temperature: 0.5}", "parameters: {temperature: 0.5}, max_concurrency: 3"
    )

    suite = folder.load(overrides={"author": override_model("http://h/v1#m")})

    assert suite.models["author"].max_concurrency == 3
    assert suite.models["author"].parameters == {"temperature": 0.5}


def test_a_cluster_column_that_the_source_lacks_would_let_rows_count_as_independent(folder):
    folder.rows({"id": "a", "question": "q", "expected": "e", "topic": "x"})
    folder.change("quality:\n", "quality:\n  cluster: topc\n")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.fix) == ("unknown-variable", "write `topic`")
