"""A run whose answers are long keeps each of them once, and ends and resumes as any other does."""

from sygra_eval.engine import examine_run, summarise
from tests.engine.conftest import fast_suite

LONG = "word " * 20_000


async def test_a_run_with_long_answers_is_resumed_to_the_same_bytes(tmp_path, run, resume, stop):
    names = ("verified.jsonl", "verified.parquet", "manifest.json")
    suite = fast_suite(tmp_path, [f"{LONG}{number}" for number in range(12)])
    undisturbed = await run(suite, name="one")
    stopped = await run(suite, name="two", stop=stop, show=lambda _: stop.drain("test"))

    resumed = await resume(stopped.folder)

    assert resumed.bytes_of(*names[:2]) == undisturbed.bytes_of(*names[:2])
    assert summarise(resumed.folder).damage.rows == 0
    assert examine_run(resumed.folder).is_sound
    assert len(list((resumed.folder / "blobs").iterdir())) == 12
    assert b"blobs" not in resumed.bytes_of("manifest.json")[0]
    assert (resumed.folder / "journal.db").stat().st_size < len(LONG) * 2


async def test_a_lost_text_costs_its_row_and_no_other(tmp_path, run, resume):
    finished = await run(fast_suite(tmp_path, [f"{LONG}{number}" for number in range(3)]))
    before = finished.bytes_of("verified.jsonl")
    next((finished.folder / "blobs").iterdir()).unlink()

    assert summarise(finished.folder).not_reached == 1
    again = await resume(finished.folder)

    assert again.bytes_of("verified.jsonl") == before
    assert again.summary.not_reached == 0
    assert examine_run(again.folder).is_sound
