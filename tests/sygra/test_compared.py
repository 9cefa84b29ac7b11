"""Tasks made by chance, run here and by SyGra itself on one server: the same calls and rows.

Needs SyGra's Python in SYGRA_PYTHON, as `test_real_sygra` does; `make sygra` runs both. A range of
other seeds is compared by `python -m tests.sygra.compared.comparing 0:300`. What each found is a
test of its own in `test_as_sygra`, or a pitfall that docs/sygra.md names.
"""

import os
from pathlib import Path

import pytest

from tests.sygra.compared.comparing import comparison
from tests.sygra.compared.generating import made

PYTHON = Path(os.environ.get("SYGRA_PYTHON", "no SYGRA_PYTHON")).absolute()
SEEDS = (0, 2, 3, 18, 27, 34, 38)

pytestmark = [
    pytest.mark.sygra,
    pytest.mark.skipif(
        not PYTHON.is_file(), reason="no SyGra here: `make sygra` installs it and runs this"
    ),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with comparison(tmp_path_factory.mktemp("compared"), PYTHON) as opened:
        yield opened


@pytest.mark.parametrize("seed", SEEDS)
def test_a_task_made_by_chance_is_the_same_in_both(both, seed):
    assert both.differences(made(seed)) == []
