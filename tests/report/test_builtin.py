from sygra_eval.report.builtin import sygra_register_reporters


def test_every_format_of_ours_is_registered_and_makes_a_text_of_a_summary(summary_of):
    formats = {}

    sygra_register_reporters(formats.__setitem__)

    assert formats.keys() == {"terminal", "markdown", "json", "card"}
    assert all(view(summary_of()).endswith("\n") for view in formats.values())
