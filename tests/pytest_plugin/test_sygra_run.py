"""The fixture for rows and assertions in a test in Python."""


def test_a_test_runs_a_suite_over_its_own_rows(project, rows):
    project.suite(rows("p"))
    project.pytester.makepyfile(
        """
        def test_file(sygra_run):
            result = sygra_run("s.yaml")
            assert [row["id"] for row in result.verified] == ["row/0"]

        def test_rows(sygra_run, tmp_path):
            result = sygra_run("s.yaml", rows=[{"id": "a", "said": "far too long"}])
            assert result.counts["rejected"] == 1
            assert result.folder.is_relative_to(tmp_path)
        """
    )

    project.run().assert_outcomes(passed=2)
