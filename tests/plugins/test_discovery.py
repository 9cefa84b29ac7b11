import sys
from pathlib import Path
from textwrap import dedent

import pytest

from sygra_eval.plugins import BUILT_INS
from sygra_eval.values import PluginError

NODE = """
from sygra_eval import hookimpl

async def node(node, state, ctx):
    return {"said": "SAYS"}

@hookimpl
def sygra_register_nodes(register):
    register("NAME", node)
"""


def node_plugin(name: str, says: str = "hello") -> str:
    return NODE.replace("NAME", name).replace("SAYS", says)


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Install a distribution: modules, and a `dist-info` whose entry points are ours."""

    def install(name: str, entry_points: dict[str, str], **modules: str) -> None:
        site = tmp_path / f"site-{name}"
        info = site / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = "".join(f"{key} = {value}\n" for key, value in entry_points.items())
        (info / "entry_points.txt").write_text(f"[sygra_eval]\n{lines}")
        for module, text in modules.items():
            (site / f"{module}.py").write_text(dedent(text))
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(site)

    yield install
    for module in [name for name in sys.modules if name.startswith("ep_")]:
        del sys.modules[module]


def test_built_ins_come_first_and_by_the_same_hooks(project):
    plugins = project.load()

    assert [plugin.name for plugin in plugins.listing()] == list(BUILT_INS)
    assert {"llm", "critique_loop"} <= plugins.of("nodes").keys()
    assert all(plugin.adds for plugin in plugins.listing())


# Entry points


def test_an_installed_distribution_brings_its_plugin(project, distribution):
    distribution("ep-shout", {"shout": "ep_shout"}, ep_shout=node_plugin("shout"))

    plugins = project.load()

    (listed,) = [plugin for plugin in plugins.listing() if plugin.name == "shout"]
    assert (listed.origin, listed.adds) == ("ep-shout 1.2", ("node shout",))


def test_what_is_installed_or_removed_while_a_program_runs_is_seen(project, distribution, tmp_path):
    distribution("ep-more", {"more": "ep_more"}, ep_more=node_plugin("more"))
    (info,) = (tmp_path / "site-ep-more").glob("*.dist-info")
    elsewhere = tmp_path / "elsewhere"

    seen = ["more" in project.load().origins]
    info.rename(elsewhere)
    seen.append("more" in project.load().origins)
    elsewhere.rename(info)
    seen.append("more" in project.load().origins)

    assert seen == [True, False, True]


def test_an_entry_point_may_name_an_object_with_methods(project, distribution):
    source = """
        from sygra_eval import hookimpl

        class Plugin:
            @hookimpl
            def sygra_register_reporters(self, register):
                register("haiku", str)

        plugin = Plugin()
    """
    distribution("ep-object", {"haiku": "ep_object:plugin"}, ep_object=source)

    assert "haiku" in project.load().of("reporters")


def test_an_entry_point_that_names_a_class_is_refused_with_a_way_out(project, distribution):
    source = """
        from sygra_eval import hookimpl

        class Plugin:
            @hookimpl
            def sygra_register_reporters(self, register):
                register("haiku", str)
    """
    distribution("ep-class", {"haiku": "ep_class:Plugin"}, ep_class=source)

    with pytest.raises(PluginError, match=r"haiku \(ep-class 1\.2\).* class.* instance"):
        project.load()


def test_a_misspelt_method_of_an_object_is_found_too(project, distribution):
    source = """
        from sygra_eval import hookimpl

        class Plugin:
            @hookimpl
            def sygra_register_reporter(self, register):
                register("haiku", str)

        plugin = Plugin()
    """
    distribution("ep-object", {"haiku": "ep_object:plugin"}, ep_object=source)

    with pytest.raises(PluginError, match="did you mean `sygra_register_reporters`"):
        project.load()


def test_a_broken_distribution_is_named_with_its_version_and_the_way_around(project, distribution):
    distribution("ep-broken", {"broken": "ep_broken"}, ep_broken="import no_such_module\n")

    with pytest.raises(
        PluginError,
        match=r"`broken` of ep-broken 1\.2 cannot be imported: ModuleNotFoundError.*-p no:broken",
    ):
        project.load()

    assert "broken" not in project.load(named=["no:broken"]).origins


def test_two_distributions_with_one_plugin_name_are_both_named(project, distribution):
    distribution("ep-one", {"same": "ep_one"}, ep_one=node_plugin("one"))
    distribution("ep-two", {"same": "ep_two"}, ep_two=node_plugin("two"))

    with pytest.raises(
        PluginError, match=r"called `same`: ep-(one|two) 1\.2 and ep-(one|two) 1\.2"
    ):
        project.load()


def test_a_module_that_is_installed_and_named_counts_once(project, distribution):
    distribution("ep-shout", {"shout": "ep_shout"}, ep_shout=node_plugin("shout"))

    plugins = project.load(named=["ep_shout"])

    assert "shout" in plugins.of("nodes")


# Local folders


def test_folders_count_from_the_suite_up_to_the_project_root(project):
    project.write("../plugins/outside.py", node_plugin("outside"))
    project.write("plugins/top.py", node_plugin("top"))
    project.write("suites/plugins/middle.py", node_plugin("middle"))
    project.write("suites/sub/plugins/deep.py", node_plugin("deep"))
    project.write("other/plugins/beside.py", node_plugin("beside"))

    nodes = list(project.load("suites/sub").of("nodes"))

    assert nodes[-3:] == ["top", "middle", "deep"]
    assert not {"outside", "beside"} & set(nodes)


def test_a_plugin_in_a_sub_folder_does_not_act_above_it(project):
    project.write("suites/sub/plugins/deep.py", node_plugin("deep"))

    assert "deep" not in project.load("suites").of("nodes")


def test_without_a_project_root_only_the_folder_itself_counts(project):
    (project.root / "pyproject.toml").unlink()
    project.write("plugins/top.py", node_plugin("top"))
    project.write("suites/plugins/middle.py", node_plugin("middle"))

    nodes = project.load("suites").of("nodes")

    assert "middle" in nodes
    assert "top" not in nodes


async def test_equal_stems_in_two_folders_are_two_plugins(project):
    project.write("plugins/shout.py", node_plugin("outer", says="outer"))
    project.write("suites/plugins/shout.py", node_plugin("inner", says="inner"))

    nodes = project.load("suites").of("nodes")

    said = [await nodes[name].implementation(None, {}, None) for name in ("outer", "inner")]
    assert said == [{"said": "outer"}, {"said": "inner"}]
    assert nodes["outer"].plugin != nodes["inner"].plugin
    listed = [plugin.adds for plugin in project.load("suites").listing()[-2:]]
    assert listed == [("node outer",), ("node inner",)]


def test_a_local_file_may_be_called_as_an_installed_plugin_is(project, distribution):
    distribution("ep-shout", {"shout": "ep_shout"}, ep_shout=node_plugin("installed"))
    project.write("plugins/shout.py", node_plugin("local"))

    assert {"installed", "local"} <= project.load().of("nodes").keys()


def test_a_package_is_a_plugin_and_underscored_files_are_its_own(project):
    project.write("plugins/loud/__init__.py", "from ._node import *\n")
    project.write(
        "plugins/loud/_node.py", node_plugin("loud") + "\n__all__ = ['sygra_register_nodes']"
    )
    project.write("plugins/_draft.py", "raise RuntimeError('imported')\n")
    project.write("plugins/_drafts/__init__.py", "raise RuntimeError('imported')\n")
    project.write("plugins/notes.txt", "not Python")

    plugins = project.load()

    assert [plugin.name for plugin in plugins.listing()][len(BUILT_INS) :] == ["loud"]
    assert "loud" in plugins.of("nodes")


def test_files_are_loaded_in_sorted_order(project):
    for name in ("b", "a", "c"):
        project.write(f"plugins/{name}.py", node_plugin(name))

    assert list(project.load().of("nodes"))[-3:] == ["a", "b", "c"]


def test_the_module_search_path_stays_as_it_is(project):
    project.write("plugins/json.py", node_plugin("not_the_real_json"))
    before = list(sys.path)

    plugins = project.load()

    assert sys.path == before
    assert "not_the_real_json" in plugins.of("nodes")
    assert Path(sys.modules["json"].__file__).parent.name == "json"


def test_a_broken_file_is_named(project):
    path = project.write("plugins/broken.py", "def broken(:\n")

    with pytest.raises(PluginError, match="cannot be imported: SyntaxError") as caught:
        project.load()

    assert str(path) in str(caught.value)


def test_a_file_that_exits_does_not_end_us(project):
    project.write("plugins/script.py", "import sys\nsys.exit(0)\n")

    with pytest.raises(PluginError, match=r"script\.py cannot be imported: SystemExit"):
        project.load()


def test_a_file_that_broke_is_imported_again_once_it_is_mended(project):
    project.write("plugins/shout.py", "import no_such_module\n")
    with pytest.raises(PluginError):
        project.load()
    project.write("plugins/shout.py", node_plugin("shout"))

    assert "shout" in project.load().of("nodes")


async def test_a_changed_file_is_not_served_from_memory(project):
    project.write("plugins/shout.py", node_plugin("shout", says="one"))
    project.load()
    project.write("plugins/shout.py", node_plugin("shout", says="two"))

    node = project.load().of("nodes")["shout"]

    assert await node.implementation(None, {}, None) == {"said": "two"}


# `-p` and the environment


def test_p_loads_a_file(project):
    path = project.write("elsewhere/shout.py", node_plugin("shout"))

    assert "shout" in project.load(named=[str(path)]).of("nodes")


def test_p_loads_a_module_by_name(project, distribution):
    distribution("ep-none", {}, ep_quiet=node_plugin("quiet"))

    assert "quiet" in project.load(named=["ep_quiet"]).of("nodes")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere.py", "nowhere.py: there is no such file"),
        ("no_such_module", "no_such_module cannot be imported: ModuleNotFoundError"),
    ],
)
def test_p_names_what_it_cannot_load(project, named, message):
    with pytest.raises(PluginError, match=message):
        project.load(named=[named])


def test_p_with_a_file_that_is_loaded_anyway_loads_it_once(project, monkeypatch):
    project.write("plugins/shout.py", node_plugin("shout"))
    monkeypatch.chdir(project.root)

    plugins = project.load(named=["plugins/shout.py"])

    assert [plugin.name for plugin in plugins.listing()].count("shout") == 1


def test_p_imports_a_named_file_of_a_folder_that_is_not_trusted(project, monkeypatch):
    project.write("plugins/shout.py", node_plugin("shout"))
    monkeypatch.chdir(project.root)

    plugins = project.load(named=["plugins/shout.py"], trusted=False)

    assert "shout" in plugins.of("nodes")
    assert len(plugins.skipped) == 1


def test_p_no_leaves_a_file_out_and_does_not_even_import_it(project):
    marker = project.root / "imported"
    project.write("plugins/shout.py", f"open({str(marker)!r}, 'w').close()\n")
    project.write("plugins/other.py", node_plugin("other"))

    plugins = project.load(named=["no:shout"])

    assert "shout" not in plugins.origins
    assert "other" in plugins.origins
    assert not marker.exists()


def test_p_no_leaves_a_built_in_out_by_the_name_that_is_listed(project):
    plugins = project.load(named=["no:sygra_eval.nodes.builtin"])

    assert "llm" not in plugins.of("nodes")
    assert plugins.of("validators")


def test_autoload_can_be_switched_off_and_p_still_works(project, distribution):
    distribution("ep-shout", {"shout": "ep_shout"}, ep_shout=node_plugin("shout"))
    project.write("plugins/local.py", node_plugin("local"))
    path = project.write("elsewhere/named.py", node_plugin("named"))
    project.environ["SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD"] = "1"

    nodes = project.load(named=[str(path)]).of("nodes")

    assert {"llm", "critique_loop", "named"} <= nodes.keys()
    assert not {"shout", "local"} & nodes.keys()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("no:shoot", "no:shout"),
        ("no:sygra_eval.node.builtin", "no:sygra_eval.nodes.builtin"),
        ("no:ep-anounce", "no:ep-announce"),
    ],
)
def test_p_no_of_what_is_not_there_is_refused_with_the_nearest_name(
    project, distribution, given, meant
):
    distribution("announcer", {"ep-announce": "ep_announce"}, ep_announce=node_plugin("announce"))
    project.write("plugins/shout.py", node_plugin("shout"))

    with pytest.raises(PluginError, match=f"-p {given}: .*did you mean `-p {meant}`"):
        project.load(named=[given])


def test_p_no_of_a_folder_that_is_not_trusted_is_no_mistake(project):
    project.write("plugins/shout.py", node_plugin("shout"))

    assert "shout" not in project.load(named=["no:shout"], trusted=False).origins


def test_p_no_takes_back_what_p_names(project):
    path = project.write("elsewhere/named.py", node_plugin("named"))

    assert "named" not in project.load(named=[str(path), "no:named"]).origins
