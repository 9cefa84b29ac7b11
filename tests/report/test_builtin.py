from sygra_eval.engine import ReportContext
from sygra_eval.report.builtin import sygra_register_reporters


def test_every_format_of_ours_is_registered_and_makes_a_text_of_a_run(summary_of):
    formats = {}

    sygra_register_reporters(lambda name, view, **about: formats.update({name: view}))

    assert formats.keys() >= {"terminal", "markdown", "json", "card"}
    ours = ("terminal", "markdown", "json", "card")
    ctx = ReportContext(summary=summary_of())
    assert all("".join(formats[name](ctx)).endswith("\n") for name in ours)
