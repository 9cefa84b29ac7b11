import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval import journal
from sygra_eval.journal.canonical import from_stored, to_stored
from sygra_eval.journal.codec import fault_from_json, fault_to_json
from sygra_eval.values import (
    Attempt,
    CallFault,
    ChatResponse,
    DraftRate,
    EnsembleEnd,
    Evidence,
    FailingCase,
    GuardAt,
    GuardVerdict,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    RoundKind,
    Sentinel,
    Status,
    StopReason,
    TestCount,
    ToolCall,
    Trust,
    Usage,
    Verdict,
)

TEXT = st.text(st.characters(), max_size=20)  # surrogates and NUL included
COUNT = st.integers(0, 2**62)
SECONDS = st.floats(0, 1e9)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def built(kind, /, **fields):
    return st.builds(kind, **fields)


USAGE = built(Usage, prompt_tokens=COUNT, completion_tokens=COUNT, is_estimated=st.booleans())
RESPONSE = built(
    ChatResponse,
    text=TEXT,
    finish_reason=TEXT,
    usage=USAGE,
    model_seen=TEXT,
    latency_s=SECONDS,
    tries=COUNT,
    reasoning=TEXT,
    tool_calls=st.lists(built(ToolCall, name=TEXT, arguments=TEXT, id=TEXT), max_size=2).map(tuple),
    others=st.lists(TEXT, max_size=2).map(tuple),
    logprobs=st.lists(st.tuples(TEXT, st.floats(-100, 0)), max_size=2).map(tuple),
    first_text_s=st.none() | SECONDS,
)
FAILING = built(FailingCase, test=TEXT, input=TEXT, expected=TEXT, got=TEXT, traceback=TEXT)
EVIDENCE = built(
    Evidence,
    command=st.lists(TEXT, max_size=3).map(tuple),
    exit_code=st.none() | st.integers(-64, 255),
    output=TEXT,
    isolation=TEXT,
    limit_s=st.none() | SECONDS,
    failing=st.none() | FAILING,
    further=st.lists(FAILING, max_size=2).map(tuple),
    tests=st.dictionaries(TEXT, built(TestCount, passed=COUNT, total=COUNT), max_size=2),
    measures=st.dictionaries(TEXT, SECONDS, max_size=2),
)


@st.composite
def verdicts(draw):
    status = draw(st.sampled_from(Status))
    is_judgement = status in (Status.PASS, Status.FAIL)
    return Verdict(
        validator=draw(TEXT),
        status=status,
        reason=draw(TEXT),
        score=draw(st.none() | st.floats(0, 1)) if is_judgement else None,
        evidence=draw(st.none() | EVIDENCE),
        trust=draw(st.sampled_from(Trust)),
        is_accepted_cooperative=draw(st.booleans()),
        is_required=draw(st.booleans()),
    )


ATTEMPT = built(
    Attempt,
    sample=COUNT,
    answer=TEXT,
    code=st.none() | TEXT,
    extraction=TEXT,
    evidence=TEXT,
    verdicts=st.lists(verdicts(), max_size=2).map(tuple),
    is_accepted=st.booleans(),
    is_kept=st.booleans(),
    diff=TEXT,
    tokens=COUNT,
    latency_s=SECONDS,
    label=TEXT,
)
ROUND = built(
    Round,
    node=TEXT,
    number=COUNT,
    attempts=st.lists(ATTEMPT, max_size=2).map(tuple),
    critique=st.none() | TEXT,
    sentinel=st.sampled_from(Sentinel),
    critique_tokens=COUNT,
    critique_latency_s=SECONDS,
    kind=st.sampled_from(RoundKind),
    choice=TEXT,
    unanswered=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
)
LABELS = st.lists(TEXT, max_size=2).map(tuple)
ENSEMBLE_END = built(EnsembleEnd, node=TEXT, answered=LABELS, unanswered=LABELS, kept=TEXT)
LOOP_END = built(
    LoopEnd,
    node=TEXT,
    stop_reason=st.sampled_from(StopReason),
    rounds=COUNT,
    samples=COUNT,
    sentinels_refused=COUNT,
    tokens=COUNT,
    kept_round=COUNT,
    rate=st.none() | built(DraftRate, passed=COUNT, judged=COUNT, has_left_band=st.booleans()),
)
GUARD = built(
    GuardVerdict,
    verdict=verdicts(),
    at=st.sampled_from(GuardAt),
    node=TEXT,
    visit=COUNT,
    sample=COUNT,
    is_blocking=st.booleans(),
)
RECORD_END = built(
    RecordEnd,
    row_id=TEXT,
    index=COUNT,
    outcome=st.sampled_from(Outcome),
    reason=TEXT,
    data=st.dictionaries(TEXT, JSON, max_size=4),
    verdicts=st.lists(verdicts(), max_size=2).map(tuple),
    loop=st.none() | LOOP_END,
    weak_tests=st.none() | TEXT,
    ensembles=st.lists(ENSEMBLE_END, max_size=2).map(tuple),
    guards=st.lists(GUARD, max_size=2).map(tuple),
)
KINDS = {
    "response": RESPONSE,
    "evidence": EVIDENCE,
    "verdict": verdicts(),
    "attempt": ATTEMPT,
    "round": ROUND,
    "loop_end": LOOP_END,
    "ensemble_end": ENSEMBLE_END,
    "guard": GUARD,
    "record_end": RECORD_END,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_comes_back_from_disk_as_it_was(kind):
    to_json = getattr(journal, f"{kind}_to_json")
    from_json = getattr(journal, f"{kind}_from_json")

    @settings(max_examples=60, deadline=None)
    @given(KINDS[kind])
    def check(value):
        assert from_json(from_stored(to_stored(to_json(value)))) == value

    check()


@settings(deadline=None)
@given(JSON)
def test_json_comes_back_with_its_keys_in_the_given_order(value):
    assert repr(from_stored(to_stored(value))) == repr(value)


@pytest.mark.parametrize(
    ("text", "kind"), [("plain", str), ("é🐍", str), ("\ud83d\ude00", bytes), ("\udfff", bytes)]
)
def test_only_text_that_utf_8_cannot_hold_is_kept_as_bytes(text, kind):
    stored = to_stored(text)

    assert type(stored) is kind
    assert from_stored(stored) == text


@settings(max_examples=50)
@given(
    st.builds(
        CallFault,
        node=TEXT,
        kind=TEXT,
        message=TEXT,
        raw=TEXT,
        is_final=st.booleans(),
        visit=COUNT,
        sample=COUNT,
    )
)
def test_a_try_that_gave_no_answer_comes_back_as_it_was(fault):
    stored = from_stored(to_stored(fault_to_json(fault)))

    assert fault_from_json(fault.kind, stored) == fault


def test_what_older_versions_wrote_is_read_as_a_round_of_a_loop():
    attempt = Attempt(
        sample=0,
        answer="a",
        code=None,
        extraction="",
        evidence="",
        verdicts=(),
        is_accepted=False,
        is_kept=True,
        diff="",
        tokens=1,
        latency_s=0.5,
    )
    finished = Round(node="solve", number=1, attempts=(attempt,))
    written = journal.round_to_json(finished)

    assert not {"kind", "choice", "unanswered"} & written.keys()
    assert "label" not in written["attempts"][0]
    assert journal.round_from_json(written) == finished
    assert journal.round_from_json(written).kind is RoundKind.LOOP
