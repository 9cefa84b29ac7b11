"""The nodes `embed`, `classify` and `score` alone, over a socket, as a plugin is tested."""

import pytest

from sygra_eval.testing.texts import vector


async def test_embed_adds_the_vector_of_its_text(visit_node, scripted_endpoint):
    visit = await visit_node(
        "embed",
        config={"model": "e", "text": "about {topic}", "output_keys": "where"},
        models={"e": scripted_endpoint.model_entry("embeddings")},
        topic="cats",
    )

    assert visit.additions == {"where": pytest.approx(vector("about cats"), abs=1e-6)}
    assert visit.asked[0].messages[0].content == "about cats"


@pytest.mark.parametrize(
    ("labels", "topics"), [(["safe", "toxic"], {"safe": 0.1, "toxic": 0.9}), ([], [0.1, 0.9])]
)
async def test_classify_adds_the_label_and_all_probabilities(
    visit_node, scripted_endpoint, labels, topics
):
    visit = await visit_node(
        "classify",
        config={"model": "c", "text": "{answer}", "output_keys": ["topic", "topics"]},
        models={"c": {**scripted_endpoint.model_entry("classify"), "labels": labels}},
        answer="a bad word",
    )

    assert visit.additions == {"topic": "toxic", "topics": topics}


async def test_score_adds_a_number_for_the_pair(visit_node, scripted_endpoint):
    visit = await visit_node(
        "score",
        config={"model": "s", "text_1": "{a}", "text_2": "{b}", "output_keys": "match"},
        models={"s": scripted_endpoint.model_entry("score")},
        a="a cat",
        b="a dog",
    )

    assert visit.additions == {"match": 0.333333}
