import sygra_eval.report


def test_every_name_that_is_offered_is_there():
    assert set(sygra_eval.report._WHERE) == set(sygra_eval.report.__all__)
    assert all(getattr(sygra_eval.report, name) is not None for name in sygra_eval.report.__all__)
