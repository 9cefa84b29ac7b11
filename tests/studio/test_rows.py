"""Rows of a real run over the API: pages, facets, search, one row's story, marks."""

import json
import threading

import pytest

from tests.studio.rounds_run import RUN, SUITE, write_run
from tests.studio.served import served

HERE = f"/api/runs/{SUITE}/{RUN}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def one(folder):
    with served(folder.parent.parent.parent) as opened:
        yield opened


@pytest.fixture
def ask(one):
    def asked(path, **query):
        answer = one.client.get(f"{HERE}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


@pytest.fixture
def story(ask):
    return lambda name: ask("row", row=f"q/{name}")


def names(page):
    return [row["row"].removeprefix("q/") for row in page["rows"]]


def test_dump(ask, story, one):
    s = story("repaired")
    for call in s["calls"]:
        print(json.dumps(one.client.get(f"{HERE}/calls/{call['number']}").json(), indent=1)[:1900])
