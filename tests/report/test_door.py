from pathlib import Path

import sygra_eval.report


def test_every_name_that_is_offered_is_there():
    assert set(sygra_eval.report._WHERE) == set(sygra_eval.report.__all__)
    assert all(getattr(sygra_eval.report, name) is not None for name in sygra_eval.report.__all__)


def test_no_name_is_that_of_a_module_which_would_take_its_place():
    folder = Path(sygra_eval.report.__file__).parent

    assert not {path.stem for path in folder.glob("*.py")} & set(sygra_eval.report.__all__)
