"""What is refused when a plugin is registered, and how it is said."""

import pytest

from sygra_eval.values import PluginError


@pytest.fixture
def refusal(project):
    """Load one plugin file and return why it is refused."""

    def of(source: str) -> str:
        path = project.write("plugins/mine.py", "from sygra_eval import hookimpl\n" + source)
        with pytest.raises(PluginError) as caught:
            project.load()
        assert f"mine ({path})" in str(caught.value)
        return str(caught.value)

    return of


def test_a_misspelt_hook_is_met_with_the_name_that_was_meant(refusal):
    said = refusal("@hookimpl\ndef sygra_register_node(register): pass\n")

    assert "there is no hook `sygra_register_node`; did you mean `sygra_register_nodes`?" in said


def test_a_misspelt_prefix_is_found_as_well(refusal):
    said = refusal("@hookimpl\ndef syrga_register_nodes(register): pass\n")

    assert "did you mean `sygra_register_nodes`?" in said


def test_a_hook_like_no_other_is_met_with_all_of_them(refusal):
    said = refusal("@hookimpl\ndef sygra_zzzzzzzzzzzzzzzz(): pass\n")

    assert "sygra_register_nodes" in said
    assert "sygra_run_finished" in said


def test_an_unmarked_hook_is_not_ignored(refusal):
    assert "put @hookimpl above it" in refusal("def sygra_register_nodes(register): pass\n")


def test_an_argument_that_the_hook_does_not_have_is_named(refusal):
    said = refusal("@hookimpl\ndef sygra_run_started(run, rnu): pass\n")

    assert "rnu" in said
    assert "sygra_run_started" in said


@pytest.mark.parametrize("hook", ["sygra_run_node", "sygra_loop_should_stop"])
@pytest.mark.parametrize("option", ["wrapper=True", "hookwrapper=True"])
def test_a_wrapper_on_an_async_hook_is_told_what_to_use_instead(refusal, hook, option):
    said = refusal(f"@hookimpl({option})\ndef {hook}():\n    yield\n")

    assert f"`{hook}` is async" in said
    assert "sygra_wrap_node" in said


@pytest.mark.parametrize(
    "hook", ["sygra_register_nodes", "sygra_wrap_node", "sygra_record_finished"]
)
def test_a_wrapper_on_any_other_hook_is_refused_and_not_skipped(refusal, hook):
    said = refusal(f"@hookimpl(wrapper=True)\ndef {hook}():\n    return (yield)\n")

    assert f"`{hook}` takes no wrapper" in said


@pytest.mark.parametrize("hook", ["sygra_register_nodes", "sygra_record_finished"])
def test_an_async_function_for_a_hook_that_is_not_awaited_is_refused(refusal, hook):
    assert f"`{hook}` is not async" in refusal(f"@hookimpl\nasync def {hook}(): pass\n")


def test_what_a_registration_raises_is_told_with_the_plugin(refusal):
    said = refusal("@hookimpl\ndef sygra_register_nodes(register): register('x')\n")

    assert "sygra_register_nodes raised TypeError" in said


def test_a_hook_of_a_later_version_may_be_marked_as_optional(project):
    source = "@hookimpl(optionalhook=True)\ndef sygra_of_the_future(anything): pass\n"
    project.write("plugins/mine.py", "from sygra_eval import hookimpl\n" + source)

    assert "mine" in project.load().origins


def test_a_hook_may_be_implemented_under_another_name(project):
    source = """
        from sygra_eval import hookimpl

        @hookimpl(specname="sygra_register_reporters")
        def add(register):
            register("haiku", str)
    """
    project.write("plugins/mine.py", source)

    assert "haiku" in project.load().of("reporters")


def test_two_plugins_with_one_type_are_both_named(project):
    source = """
        from sygra_eval import hookimpl

        @hookimpl
        def sygra_register_nodes(register):
            register("shout", None)
    """
    one = project.write("plugins/one.py", source)
    two = project.write("plugins/two.py", source)

    with pytest.raises(PluginError, match="nodes: `shout` is registered twice") as caught:
        project.load()

    assert f"one ({one})" in str(caught.value)
    assert f"two ({two})" in str(caught.value)


def test_a_built_in_type_is_not_replaced_silently(project):
    source = """
        from sygra_eval import hookimpl

        @hookimpl
        def sygra_register_nodes(register):
            register("llm", None)
    """
    project.write("plugins/mine.py", source)

    with pytest.raises(PluginError, match=r"`llm` .* sygra_eval\.nodes\.builtin \(built in\)"):
        project.load()
