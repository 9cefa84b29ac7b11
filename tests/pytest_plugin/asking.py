"""A suite that asks a scripted model, for tests that count its calls."""

GRAPH = {
    "candidate": None,
    "graph_config": {
        "nodes": {
            "solve": {
                "node_type": "llm",
                "model": "author",
                "prompt": "{said}",
                "output_keys": "reply",
            }
        },
        "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
    },
}


def asking(project, rows, endpoint, answers, quality=None, **model):
    """Write a suite over such rows, whose author is the endpoint."""
    entry = {**endpoint.model_entry(), **model}
    judged = {} if quality is None else {"quality": quality}
    return project.suite(rows(answers), models={"author": entry}, **GRAPH, **judged)
