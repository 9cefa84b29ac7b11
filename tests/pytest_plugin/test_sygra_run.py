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


def test_a_test_gives_the_suite_a_model_from_a_script_and_may_be_async(project):
    project.pytester.makepyfile(
        """
        import pytest

        ASKS = {
            "suite": {"name": "asks"},
            "graph_config": {
                "nodes": {
                    "solve": {
                        "node_type": "llm",
                        "model": "author",
                        "prompt": "{question}",
                        "output_keys": "answer",
                    }
                },
                "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
            },
            "sandbox": {"isolation": "none", "i_accept_the_risk": True},
            "quality": {"validators": [{"use": "length", "max": 4}]},
        }

        def answers_of(sygra_run, endpoint):
            endpoint.answers_with(lambda body: body["messages"][-1]["content"][:6])
            suite = ASKS | {"models": {"author": endpoint.model_entry()}}
            rows = [{"id": "a", "question": "why"}, {"id": "b", "question": "whatever"}]
            return sygra_run(suite, rows=rows)

        def test_plain(sygra_run, scripted_endpoint):
            result = answers_of(sygra_run, scripted_endpoint)
            assert [row["answer"] for row in result.verified] == ["why"]
            assert [row["id"] for row in result.rejected] == ["b"]
            assert len(scripted_endpoint.requests) == 2

        @pytest.mark.asyncio
        async def test_with_a_loop_of_its_own(sygra_run, scripted_endpoint):
            assert len(answers_of(sygra_run, scripted_endpoint).verified) == 1
        """
    )

    project.run().assert_outcomes(passed=2)
