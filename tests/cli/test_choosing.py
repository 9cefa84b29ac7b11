from pathlib import Path

import pytest

TAGGED = """\
suite: {name: NAME, tags: [TAG]}
models: {author: {use: echo}}
data_config: {source: {type: disk, file_path: NAME.jsonl, id: id}}
graph_config:
  nodes:
    solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: answer}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: liked}]}
"""
CONFIG = "[tool.sygra_eval]\n"


@pytest.fixture
def tagged(suite):
    def of(name, tag, *questions):
        return suite(name, *questions, text=TAGGED.replace("TAG", tag))

    return of


def counted(ran):
    return [(line.get("rows"), line.get("deselected")) for line in ran.json]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        (["-k", "r1 or r2"], (2, 2)),
        (["--deselect", "small::default::r1", "--deselect", "r2"], (2, 2)),
        (["--sample", "3", "--seed", "1", "--shuffle"], (3, 1)),
        (["-k", "not r0", "--limit", "2"], (2, 1)),
        (["--repeat", "2", "-j", "1"], (8, 0)),
        (["--lf"], (4, 0)),
        (["--ff", "--durations", "2"], (4, 0)),
        (["--skip", "1", "--limit", "2"], (2, 1)),
    ],
)
def test_rows_are_chosen_by_options(run, suite, asked, rows):
    ran = run(suite("small", *["why"] * 4), "--json", *asked)

    assert (ran.code, counted(ran)) == (0, [rows])


def test_the_rows_that_were_not_verified_last_time_are_run_again(run, suite):
    run(suite("small", "why", "bad", "how"))

    ran = run(suite("small", "why", "why", "how"), "--lf", "--json")

    assert counted(ran) == [(1, 2)]
    assert ran.code == 0


def test_the_rows_that_did_not_pass_in_a_run_are_run_again(run, suite):
    before = run(suite("small", "why", "bad", "how", "bad"), "--json", "--name", "before")
    run(suite("small", *["why"] * 4), "--json")  # the last one is another

    ran = run(suite("small", *["why"] * 4), "--json", "--failed-of", "reports/small/before")

    assert before.json[0]["run"] == str(Path("reports/small/before").resolve())
    assert counted(ran) == [(2, 2)]


@pytest.mark.parametrize("name", ["a/b", "..", ""])
def test_a_name_is_that_of_a_folder(run, suite, name):
    ran = run(suite("small", "why"), "--name", name)

    assert ran.code == 4
    assert "is no name of a folder" in ran.err


def test_the_first_row_that_does_not_pass_ends_the_run_with_1(run, suite):
    ran = run(suite("small", "why", "bad", *["why"] * 20), "-x", "--json")

    (line,) = ran.json
    assert (ran.code, line["exit"]) == (1, 1)
    assert line["not_reached"] >= 18
    assert "stopped after 1 row rejected or failed" in line["exit_reason"]


def test_so_many_rows_that_do_not_pass_end_the_run(run, suite):
    ran = run(suite("small", *["bad"] * 20), "--maxfail", "2", "-j", "1", "--json")

    assert ran.code == 1
    assert ran.json[0]["not_reached"] > 0
    assert ran.json[0]["rejected"] >= 2


def test_a_plugin_that_is_left_out_is_not_there(run, suite):
    ran = run(suite("small", "why"), "-p", "no:echo", "--json")

    assert ran.code == 4
    assert "`echo`" in ran.err


def test_step_by_step(run, suite):
    first = run(suite("small", "why", "bad", "bad", *["why"] * 20), "--sw", "-j", "1", "--json")
    again = run(suite("small", "why", "why", "bad", *["why"] * 20), "--sw", "-j", "1", "--json")

    assert [ran.code for ran in (first, again)] == [1, 1]
    assert counted(again) == [(22, 1)]
    assert again.json[0]["verified"] == 1


@pytest.mark.parametrize("asked", [["--lf", "--ff"], ["--sw", "--lf"]])
def test_options_that_exclude_each_other(run, suite, asked):
    ran = run(suite("small", "why"), *asked)

    assert ran.code == 4
    assert "exclude each other" in ran.err


def test_collect_only_lists_ids_and_runs_nothing(run, suite):
    both = suite("small", "interrupt", "break"), suite("other", "why")

    ran = run(*both, "--collect-only", "-q", "-k", "not r1")

    assert ran.code == 0
    assert ran.out.splitlines() == [
        "small::default::r0",
        "other::default::r0",
        "",
        "2 rows collected, 1 deselected",
    ]
    assert not Path("reports").exists()


def test_collect_only_says_less_and_more(run, suite):
    small = suite("small", "why", "how")

    assert (
        run(small, "--co").out
        == "small.yaml\n  small::default::r0\n  small::default::r1\n\n2 rows collected\n"
    )
    assert run(small, "--co", "-qq").out == "small.yaml: 2\n2 rows collected\n"
    (line,) = run(small, "--co", "--json").json
    assert line == {"suite": "small", "exit": 0, "rows": 2, "deselected": 0}


def test_nothing_that_is_collected_exits_with_5(run, suite):
    ran = run(suite("small", "why"), "--co", "-k", "nowhere")

    assert ran.code == 5
    assert "all 1 rows of the source are deselected" in ran.err


def test_a_suite_that_is_not_meant_does_not_spoil_those_that_are(run, tagged):
    fast, slow = tagged("fast", "quick", "why"), tagged("slow", "long", "why")

    one = run(fast, slow, "-m", "quick", "--json")
    none = run(fast, slow, "-m", "nothing", "--json")

    assert (one.code, [line["exit"] for line in one.json]) == (0, [0, 5])
    assert (none.code, [line["exit"] for line in none.json]) == (5, [5, 5])


def test_each_of_several_suites_has_its_line_at_the_end(run, suite):
    ran = run(suite("one", "why"), suite("two", "bad"), "missing.yaml")

    assert ran.code == 4
    assert ran.out.splitlines()[-3:] == [
        "one.yaml: exit 0: 1 of 1 rows verified",
        "two.yaml: exit 1: none of 1 rows was verified",
        "missing.yaml: exit 4: missing.yaml: 1 error",
    ]


def test_failures_are_counted_over_all_suites(run, suite):
    ran = run(suite("one", "bad", "why"), suite("two", "why"), "-x", "-j", "1", "--json")

    assert ran.code == 1
    assert [line["exit"] for line in ran.json] == [1, 1]
    assert "two.yaml was not started" in ran.json[1]["error"]


def test_quiet_prints_the_closing_lines_and_verbose_each_row(run, suite):
    small = suite("small", *["why"] * 120)

    quiet, usual, loud = run(small, "-q"), run(small), run(small, "-v")

    assert len(quiet.out.splitlines()) == 2
    assert quiet.out.splitlines()[1] == "exit 0: 120 of 120 rows verified"
    assert "[1/120]" not in quiet.err
    assert usual.err.count("/120]") < 120 <= loud.err.count("/120]")


def test_options_may_stand_in_pyproject_and_the_command_line_wins(run, suite, write):
    write("pyproject.toml", CONFIG + 'limit = 2\nk = "not r0"\nout = "made"\nshuffle = true\n')

    configured = run(suite("small", *["why"] * 5), "--json")
    told = run(suite("small", *["why"] * 5), "--json", "--limit", "3")

    assert counted(configured) == [(2, 1)]
    assert counted(told) == [(3, 1)]
    assert Path(configured.json[0]["run"]).parent == Path("made/small").absolute()


def test_the_nearest_pyproject_that_speaks_of_us_counts(run, cli, suite, write, monkeypatch):
    small = str(Path(suite("small", *["why"] * 5)).absolute())
    write("pyproject.toml", CONFIG + "limit = 2\n")
    write("inner/pyproject.toml", "[tool.other]\nlimit = 3\n")
    write("inner/deep/file", "")
    plugin = str(Path("echo.py").absolute())
    monkeypatch.chdir("inner/deep")

    ran = cli("run", "-p", plugin, "--unsafe-no-sandbox", small, "--json")

    assert [line["rows"] for line in ran.json] == [2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limitt = 2", "there is no such option; write `limit`"),
        ("\nlimit = 'many'", "pyproject.toml:3: [tool.sygra_eval] `limit`: "),
        ("limit = true", "this is to be a value"),
        ("limit = 3.5", "`limit`: '3.5' is not a valid integer range"),
        ("deselect = 'r1'", "this is to be a list"),
        ("shuffle = 1", "this is to be true or false"),
        ("trust = true", "on the command line only"),
        ("unsafe-no-sandbox = true", "on the command line only"),
        ("unsafe_no_sandbox = true", "on the command line only"),
        ("plugins = ['evil.py']", "no such option"),
        ("p = ['evil.py']", "on the command line only"),
        ("limit = ", "pyproject.toml: "),
    ],
)
def test_what_cannot_stand_in_pyproject_is_named(run, suite, write, text, said):
    write("pyproject.toml", f"{CONFIG}{text}\n")

    ran = run(suite("small", "why"), "--json")

    assert ran.code == 4
    assert said in ran.err
    assert ran.json[-1]["exit"] == 4
    assert not Path("reports").exists()


VARIED = TAGGED.replace("TAG", "code").replace("{question}", "${matrix.words}") + (
    'matrix: {words: {good: "{question}", poor: bad}}\n'
)


def test_each_variant_is_a_run_of_its_own(run, suite):
    small = suite("small", "why", "how", text=VARIED)

    ran = run(small, "--json")
    chosen = run(small, "-k", "words=good", "--json")
    again = run(small, "--lf", "--json")

    assert ran.code == 1
    assert [(line["exit"], line["verified"]) for line in ran.json] == [(0, 2), (1, 0)]
    folders = [Path(line["run"]) for line in ran.json]
    assert [folder.name.partition("-words")[2] for folder in folders] == ["=good", "=poor"]
    assert (chosen.code, [line["exit"] for line in chosen.json]) == (0, [0, 5])
    assert [line["rows"] for line in again.json] == [2, 2]


def test_one_variant_is_run_and_one_that_there_is_not_is_refused(run, suite):
    small = suite("small", "why", "how", text=VARIED)

    ran = run(small, "--variant", "words=good", "--json", "--cache", "off")
    refused = run(small, "--variant", "words=god")

    assert [(line["exit"], line["verified"]) for line in ran.json] == [(0, 2)]
    assert refused.code == 4
    assert "words=good" in refused.err


def test_ids_name_the_variant_and_a_resume_knows_it(run, cli, suite):
    small = suite("small", "why", "how", text=VARIED)

    collected = run(small, "--co", "-q")
    (_, poor) = run(small, "--json").json
    resumed = cli("resume", poor["run"], "-p", "echo.py", "--unsafe-no-sandbox", "--json")

    assert collected.out.splitlines()[:4] == [
        f"small::words={words}::r{n}" for words in ("good", "poor") for n in (0, 1)
    ]
    assert resumed.code == 1


def test_a_suite_may_repeat_its_rows_and_the_command_line_wins(run, suite):
    thrice = TAGGED.replace("TAG", "code").replace("name: NAME", "name: NAME, repeat: 3")
    small = suite("small", "why", text=thrice)

    assert [line["rows"] for line in run(small, "--json").json] == [3]
    assert [line["rows"] for line in run(small, "--json", "--repeat", "1").json] == [1]


def test_rows_are_named_by_a_file_and_by_a_run_that_was_asked_for_them(run, suite, write):
    small = suite("small", *["why"] * 4)
    write("ids.txt", 'r1\r\n\n"r3"\nr9\n')
    first = "reports/small/first"

    by_file = run(small, "--rows", "ids.txt", "--json", "--name", "first")
    by_run = run(small, "--rows", first, "--json")

    assert (by_file.json[-1]["rows"], by_run.json[-1]["rows"]) == (2, 2)
    assert "1 of 3 ids that were asked for are no row's: 'r9'" in by_file.err
    assert run(small, "--rows", "no.txt").code == 4
    assert run(small, "--rows", first, "--failed-of", first).code == 4
