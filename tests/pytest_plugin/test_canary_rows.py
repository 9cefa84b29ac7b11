"""A canary is rejected as it has to be: that is a test that passes; one that would pass fails."""

import pytest


@pytest.mark.parametrize("size", ["rows", "suite"])
def test_a_canary_that_holds_passes_and_an_alarm_fails(project, size):
    rows = [
        {"id": "held", "said": "far too long", "planted": True},
        {"id": "row", "said": "ok", "planted": False},
        {"id": "alarm", "said": "ok", "planted": True},
    ]
    quality = {"canary": "planted", "validators": [{"use": "length", "max": 4}]}
    suite = project.suite(rows, quality=quality)

    ran = project.run(suite, "--maxfail=2", "-o", f"sygra_items={size}")

    ran.assert_outcomes(**({"passed": 2, "failed": 1} if size == "rows" else {"failed": 2}))
    ran.stdout.fnmatch_lines(["FAILED s.yaml::default::alarm - canary: alarm*"])
    ran.stdout.no_fnmatch_line("FAILED *held*")
