"""Whatever stands in a suite: diagnostics, never an exception."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.suite import check_suite

KEYS = (
    "name use type node_type nodes edges from to source model prompt validators candidate code text"
)
SECTIONS = (
    "suite models data_config graph_config quality sandbox output_config card report other "
    "candidate"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=15,
)
SECTION = st.sampled_from([*SECTIONS.split(), "schema_config"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(SECTION, JSON, max_size=5), st.booleans())
def test_no_document_raises_anything_but_diagnostics(folder, changes, is_good_otherwise):
    data = dict(folder.load().document) if is_good_otherwise else {"suite": {"name": "x"}}
    other = folder.path / "other.yaml"
    other.write_text(json.dumps(data | changes), encoding="utf-8")

    found = check_suite(other, folder.plugins)

    for diagnostic in found:
        assert diagnostic.line >= 1
        assert diagnostic.message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_suite_cut_or_scrambled_anywhere_gives_diagnostics_or_loads(folder, data):
    text = folder.file.read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    other = folder.path / "other.yaml"
    other.write_text(text[:start] + data.draw(st.text("{}[]:, -a\n")) + text[start + length :])

    check_suite(other, folder.plugins)
