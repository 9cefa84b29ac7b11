"""Statements over the rows of a run, their verdicts and their loops."""

from sygra_eval.engine import WEAK
from sygra_eval.report.query import Query

_ALARM = "'canary: alarm, all required validators passed what contradicts the row''s text'"
_LAST_END = (
    "SELECT data FROM events WHERE kind IN ('finished', 'stopped', 'broke') "
    "ORDER BY seq DESC LIMIT 1"
)
_SHOWN = "id, outcome, reason"
_HARD = (
    "SELECT r.idx, r.id, r.outcome, r.reason, sum(t.kind = 'hidden') AS is_hidden, "
    "sum(CASE t.kind WHEN 'visible' THEN t.passed END) AS seen_passed, "
    "sum(CASE t.kind WHEN 'visible' THEN t.total END) AS seen, "
    "sum(CASE t.kind WHEN 'hidden' THEN t.passed END) AS hidden_passed, "
    "sum(CASE t.kind WHEN 'hidden' THEN t.total END) AS hidden "
    "FROM rows r JOIN tests t USING (idx) WHERE NOT r.canary GROUP BY r.idx"
)
_SHOWS_MORE = "hidden > 0 AND seen > 0 AND seen_passed = seen"
_TRUTH = (
    "SELECT v.idx, v.id, v.validator, r.truth, r.outcome, r.reason, CASE v.status "
    "WHEN 'error' THEN NULL WHEN 'pass' THEN 1 ELSE 0 END AS accepted "
    "FROM verdicts v JOIN rows r USING (idx) WHERE r.truth IN ('right', 'wrong')"
)
_TRUTH_OF_ALL = (
    "SELECT idx, id, truth, outcome, reason, CASE outcome WHEN 'verified' THEN 1 "
    "WHEN 'rejected' THEN 0 END AS accepted FROM rows WHERE truth IN ('right', 'wrong')"
)
_REPAIRED = (
    "outcome = 'verified' AND rounds IS NOT NULL AND (kept_round > 1 "
    "OR (samples > 1 AND drafts_judged IS NULL) OR refused > 0)"
)
_SAMPLED = "outcome = 'verified' AND kept_round = 1 AND drafts_judged IS NULL"


def _rows_where(condition: str, more: str = "") -> str:
    return f"SELECT {_SHOWN}{more} FROM rows WHERE {condition} ORDER BY idx"


OF_ROWS: dict[str, Query] = {
    "rows": Query(
        "rows of the source that the run took: as many as it noted at its end, at least those "
        "that ended",
        f"SELECT max(coalesce((SELECT json_extract(data, '$.rows') FROM ({_LAST_END})), 0), "
        "(SELECT count(*) FROM ended)) AS value",
        "SELECT id, outcome FROM ended ORDER BY idx",
    ),
    "outcomes": Query(
        "rows by where they ended",
        "SELECT outcome, count(*) AS value FROM rows GROUP BY outcome",
        _rows_where("1"),
    ),
    "not_reached": Query(
        "rows that the run took and that have not ended",
        f"SELECT max(0, coalesce((SELECT json_extract(data, '$.rows') FROM ({_LAST_END})), 0) - "
        "(SELECT count(*) FROM ended)) AS value",
    ),
    "surplus": Query(
        "rows that ended behind the one that completed the target",
        "SELECT count(*) AS value FROM ended WHERE NOT counts",
        "SELECT id, outcome FROM ended WHERE NOT counts ORDER BY idx",
    ),
    "deselected": Query(
        "rows of the source that were passed over",
        f"SELECT coalesce((SELECT json_extract(data, '$.deselected') FROM ({_LAST_END})), 0) "
        "AS value",
    ),
    "input": Query(
        "rows of a source before they were rows of the run",
        "SELECT json_extract(i.value, '$.of') AS \"of\", 'read' AS what, "
        f"json_extract(i.value, '$.read') AS value FROM ({_LAST_END}) e, "
        "json_each(e.data, '$.input_accounts') i UNION ALL "
        "SELECT json_extract(i.value, '$.of'), 'made', json_extract(i.value, '$.made') "
        f"FROM ({_LAST_END}) e, json_each(e.data, '$.input_accounts') i",
    ),
    "input_parts": Query(
        "what became of the rows of a source on their way",
        "SELECT json_extract(i.value, '$.of') AS \"of\", p.key AS what, p.value AS value "
        f"FROM ({_LAST_END}) e, json_each(e.data, '$.input_accounts') i, "
        "json_each(i.value, '$.parts') p",
    ),
    "canaries": Query(
        "rows whose tests contradict their text; verified ones are alarms",
        "SELECT 'rows' AS what, count(*) AS value FROM rows WHERE canary UNION ALL "
        f"SELECT 'verified', count(*) FROM rows WHERE canary AND reason = {_ALARM}",
        _rows_where("canary"),
    ),
    "verified_rate": Query(
        "the share of the rows that ended which are verified",
        "SELECT coalesce(sum(outcome = 'verified'), 0) AS k, count(*) AS n FROM rows",
        _rows_where("outcome = 'verified'"),
    ),
    "outcome_rates": Query(
        "the share of the rows that ended by where they ended",
        "SELECT column1 AS outcome, (SELECT count(*) FROM rows WHERE outcome = column1) AS k, "
        "(SELECT count(*) FROM rows) AS n "
        "FROM (VALUES ('verified'), ('rejected'), ('failed'), ('unjudged'))",
        _rows_where("1"),
    ),
    "by_topic": Query(
        "the share of a topic's rows that are verified, canaries left out",
        "SELECT topic, sum(outcome = 'verified') AS k, count(*) AS n FROM rows "
        "WHERE topic IS NOT NULL AND NOT canary GROUP BY topic",
        _rows_where("topic IS NOT NULL AND NOT canary", ", topic"),
    ),
    "outcomes_by_question": Query(
        "of each question, the rows that ended so, and all that ended",
        "SELECT column1 AS outcome, question, sum(outcome = column1) AS k, count(*) AS n "
        "FROM rows, (VALUES ('verified'), ('rejected'), ('failed'), ('unjudged')) "
        "GROUP BY column1, question",
        _rows_where("1", ", question"),
    ),
    "questions": Query(
        "what the rows belong to, where some belong together",
        "SELECT count(DISTINCT question) AS value FROM rows",
        "SELECT DISTINCT question FROM rows",
    ),
    "topics_by_question": Query(
        "of each question of a topic, the rows that are verified, and all, canaries left out",
        "SELECT topic, question, sum(outcome = 'verified') AS k, count(*) AS n FROM rows "
        "WHERE topic IS NOT NULL AND NOT canary GROUP BY topic, question",
        _rows_where("topic IS NOT NULL AND NOT canary", ", topic, question"),
    ),
    "by_model": Query(
        "the share of the rows in which a model had a role that are verified",
        "SELECT role, model, sum(outcome = 'verified') AS k, count(*) AS n FROM "
        "(SELECT DISTINCT idx, role, model FROM model_uses) JOIN rows USING (idx) "
        "GROUP BY role, model",
        "SELECT DISTINCT r.id, r.outcome, r.reason, role, model FROM model_uses "
        "JOIN rows r USING (idx) ORDER BY r.idx",
    ),
    "funnel": Query(
        "rows that came through a step and all steps before it",
        "SELECT step, count(*) AS value FROM steps s WHERE passed AND NOT EXISTS (SELECT 1 "
        "FROM steps b WHERE b.idx = s.idx AND b.place < s.place AND NOT b.passed) GROUP BY step",
        "SELECT id, step FROM steps s WHERE passed AND NOT EXISTS (SELECT 1 "
        "FROM steps b WHERE b.idx = s.idx AND b.place < s.place AND NOT b.passed) ORDER BY idx",
    ),
    "edges": Query(
        "rows that took an edge of the graph, and how often all of them together",
        "SELECT edge, 'rows' AS what, count(DISTINCT idx) AS value FROM edges GROUP BY edge "
        "UNION ALL SELECT edge, 'times', count(*) FROM edges GROUP BY edge",
        "SELECT DISTINCT id, edge FROM edges ORDER BY idx",
    ),
    "causes": Query(
        "rows that fell out, by why: the words before the particulars",
        "SELECT outcome, cause AS reason, count(*) AS value FROM rows "
        "WHERE outcome IN ('rejected', 'failed') GROUP BY outcome, cause",
        "SELECT id, outcome, cause AS reason, reason AS told FROM rows "
        "WHERE outcome IN ('rejected', 'failed') ORDER BY idx",
    ),
    "verdicts": Query(
        "what a validator said in the end, in rows",
        "SELECT validator, status, count(*) AS value FROM verdicts GROUP BY validator, status",
        "SELECT id, validator, status, reason FROM verdicts ORDER BY idx",
    ),
    "validator_times": Query(
        "the time of a validator's runs, which no journal keeps", "SELECT NULL AS value"
    ),
    "measured": Query(
        "answers whose truth is known that a stack of validators was measured with",
        "SELECT stack, 'right' AS what, right AS value FROM measured UNION ALL "
        "SELECT stack, 'wrong', wrong FROM measured UNION ALL "
        "SELECT stack, 'errors', errors FROM measured",
    ),
    "measured_rates": Query(
        "how often a stack of validators erred when it was measured",
        "SELECT stack, 'false_accepts' AS what, false_accepts AS k, wrong AS n FROM measured "
        "UNION ALL SELECT stack, 'false_rejects', false_rejects, right FROM measured",
    ),
    "validator_errors": Query(
        "how often a validator erred on rows whose truth the suite knows",
        "SELECT validator, 'false_accepts' AS what, sum(truth = 'wrong' AND accepted = 1) AS k, "
        f"sum(truth = 'wrong' AND accepted IS NOT NULL) AS n FROM ({_TRUTH}) GROUP BY validator "
        "UNION ALL SELECT validator, 'false_rejects', sum(truth = 'right' AND accepted = 0), "
        f"sum(truth = 'right' AND accepted IS NOT NULL) FROM ({_TRUTH}) GROUP BY validator",
        f"SELECT id, validator, truth, accepted FROM ({_TRUTH}) ORDER BY idx",
    ),
    "errors_of_all": Query(
        "how often the required validators together erred on rows whose truth the suite knows",
        "SELECT 'false_accepts' AS what, sum(truth = 'wrong' AND accepted = 1) AS k, "
        f"sum(truth = 'wrong' AND accepted IS NOT NULL) AS n FROM ({_TRUTH_OF_ALL}) "
        "UNION ALL SELECT 'false_rejects', sum(truth = 'right' AND accepted = 0), "
        f"sum(truth = 'right' AND accepted IS NOT NULL) FROM ({_TRUTH_OF_ALL})",
        f"SELECT id, truth, outcome, reason FROM ({_TRUTH_OF_ALL}) ORDER BY idx",
    ),
    "undecided_by_validator": Query(
        "rows whose truth is known and that a validator could not judge",
        f"SELECT validator, count(*) AS value FROM ({_TRUTH}) WHERE accepted IS NULL "
        "GROUP BY validator",
        f"SELECT id, validator, truth, reason FROM ({_TRUTH}) WHERE accepted IS NULL ORDER BY idx",
    ),
    "undecided_by_all": Query(
        "rows whose truth is known and that were neither verified nor rejected",
        f"SELECT count(*) AS value FROM ({_TRUTH_OF_ALL}) WHERE accepted IS NULL",
        f"SELECT id, truth, outcome, reason FROM ({_TRUTH_OF_ALL}) WHERE accepted IS NULL",
    ),
    "grades": Query(
        "verified rows by how strong their evidence is",
        "SELECT CASE WHEN coalesce(grade, '') = '' THEN 'none' ELSE grade END AS grade, "
        "count(*) AS value FROM rows WHERE outcome = 'verified' GROUP BY 1",
        "SELECT id, CASE WHEN coalesce(grade, '') = '' THEN 'none' ELSE grade END AS grade "
        "FROM rows WHERE outcome = 'verified' ORDER BY idx",
    ),
    "mutation_score": Query(
        "verified rows whose mutation score was taken, the lowest, and those that are weak",
        "SELECT 'rows' AS what, count(mutation_score) AS value FROM rows "
        "WHERE outcome = 'verified' UNION ALL SELECT 'lowest', min(mutation_score) FROM rows "
        "WHERE outcome = 'verified' UNION ALL SELECT 'weakly tested', count(*) FROM rows "
        f"WHERE outcome = 'verified' AND mutation_score < {WEAK}",
        "SELECT id, mutation_score FROM rows WHERE outcome = 'verified' "
        "AND mutation_score IS NOT NULL ORDER BY mutation_score",
    ),
    "mutation_median": Query(
        "the median mutation score of the verified rows that have one",
        "SELECT avg(score) AS value FROM (SELECT mutation_score AS score, "
        "row_number() OVER (ORDER BY mutation_score) AS place, count(*) OVER () AS of "
        "FROM rows WHERE outcome = 'verified' AND mutation_score IS NOT NULL) "
        "WHERE place IN ((of + 1) / 2, (of + 2) / 2)",
        "SELECT id, mutation_score FROM rows WHERE outcome = 'verified' "
        "AND mutation_score IS NOT NULL ORDER BY mutation_score",
    ),
    "mutation_scores": Query(
        "the mutation score of one verified row",
        "SELECT id AS row, mutation_score AS value FROM rows WHERE outcome = 'verified'",
    ),
    "flaky_rows": Query(
        "rows that failed because they were judged otherwise when judged again",
        "SELECT count(DISTINCT idx) AS value FROM verdicts "
        "WHERE status = 'fail' AND reason GLOB 'flaky: *'",
        "SELECT DISTINCT id, reason FROM verdicts "
        "WHERE status = 'fail' AND reason GLOB 'flaky: *' ORDER BY idx",
    ),
    "hard_coding": Query(
        "of the rows that pass all visible tests and have hidden ones, those that fail a hidden "
        "one",
        f"SELECT coalesce(sum(hidden_passed < hidden), 0) AS k, count(*) AS n FROM ({_HARD}) "
        f"WHERE {_SHOWS_MORE}",
        f"SELECT id, outcome, reason FROM ({_HARD}) WHERE {_SHOWS_MORE} "
        "AND hidden_passed < hidden ORDER BY idx",
    ),
    "weak_tests": Query(
        "of the rows whose tests were tried, those that a program passes which must not",
        "SELECT coalesce(sum(weak <> ''), 0) AS k, count(*) AS n FROM rows WHERE weak IS NOT NULL",
        "SELECT id, weak FROM rows WHERE weak <> '' ORDER BY idx",
    ),
    "weak_test_reasons": Query(
        "rows whose tests are weak, by why",
        "SELECT weak AS reason, count(*) AS value FROM rows WHERE weak <> '' GROUP BY weak",
        "SELECT id, weak AS reason FROM rows WHERE weak <> '' ORDER BY idx",
    ),
    "guardrails": Query(
        "what a guardrail said at a node, in calls; blocked ones are among those that fail",
        "SELECT guardrail, at_call, node, status AS said, count(*) AS value FROM guards "
        "GROUP BY 1, 2, 3, 4 UNION ALL SELECT guardrail, at_call, node, 'blocked', "
        "sum(blocked) FROM guards GROUP BY 1, 2, 3",
        "SELECT id, guardrail, at_call, node, status AS said FROM guards ORDER BY idx",
    ),
    "stop_reasons": Query(
        "rows by where they ended and why their loop stopped",
        "SELECT outcome, stop_reason, count(*) AS value FROM rows "
        "WHERE stop_reason IS NOT NULL GROUP BY outcome, stop_reason",
        _rows_where("stop_reason IS NOT NULL", ", stop_reason"),
    ),
    "rounds_ended": Query(
        "rows whose loop took so many rounds",
        "SELECT rounds AS round, count(*) AS value FROM rows WHERE rounds IS NOT NULL "
        "GROUP BY rounds",
        _rows_where("rounds IS NOT NULL", ", rounds AS round"),
    ),
    "rounds_verified": Query(
        "verified rows by the round whose candidate was kept",
        "SELECT kept_round AS round, count(*) AS value FROM rows "
        "WHERE outcome = 'verified' AND kept_round IS NOT NULL GROUP BY kept_round",
        _rows_where("outcome = 'verified' AND kept_round IS NOT NULL", ", kept_round AS round"),
    ),
    "rounds_so_far": Query(
        "of the rows that had a loop, those verified with a candidate of this round or before",
        "SELECT round, (SELECT count(*) FROM rows WHERE outcome = 'verified' "
        "AND kept_round <= round) AS k, (SELECT count(*) FROM rows WHERE rounds IS NOT NULL) AS n "
        "FROM (SELECT rounds AS round FROM rows WHERE rounds IS NOT NULL UNION "
        "SELECT kept_round FROM rows WHERE kept_round IS NOT NULL UNION "
        "SELECT visit FROM calls WHERE loop_step <> '')",
    ),
    "samples_verified": Query(
        "rows verified in round 1, by how many drafts were drawn until one passed",
        f"SELECT samples AS sample, count(*) AS value FROM rows WHERE {_SAMPLED} GROUP BY samples",
        _rows_where(_SAMPLED, ", samples AS sample"),
    ),
    "samples_so_far": Query(
        "of the rows that had a loop, those verified in round 1 with so many drafts or fewer",
        f"SELECT sample, (SELECT count(*) FROM rows WHERE {_SAMPLED} AND samples <= sample) AS k, "
        "(SELECT count(*) FROM rows WHERE rounds IS NOT NULL) AS n FROM "
        f"(SELECT samples AS sample FROM rows WHERE {_SAMPLED} UNION "
        "SELECT sample + 1 FROM calls WHERE loop_step = 'draft')",
    ),
    "sentinels_refused": Query(
        "stops that a critic asked for and execution did not grant, and the rows with any",
        "SELECT 'times' AS what, coalesce(sum(refused), 0) AS value FROM rows UNION ALL "
        "SELECT 'rows', count(*) FROM rows WHERE refused > 0",
        _rows_where("refused > 0", ", refused"),
    ),
    "critiques": Query(
        "critiques that were made, and those that said the stop phrase",
        "SELECT 'made' AS what, count(*) AS value FROM critiques UNION ALL "
        "SELECT 'stops', coalesce(sum(stop), 0) FROM critiques",
        "SELECT id, node, round, stop FROM critiques",
    ),
    "critiques_ignored": Query(
        "of the critiques that name something of the code and were followed by a revision, those "
        "whose revision touches nothing that they name",
        "SELECT coalesce(sum(ignored), 0) AS k, count(*) AS n FROM critiques "
        "WHERE ignored IS NOT NULL",
        "SELECT id, node, round FROM critiques WHERE ignored ORDER BY id, round",
    ),
    "repaired_rows": Query(
        "verified rows that took more than their first draft, or a stop that was refused",
        f"SELECT count(*) AS value FROM rows WHERE {_REPAIRED}",
        _rows_where(_REPAIRED, ", rounds, samples, refused"),
    ),
    "pass_rates": Query(
        "questions whose drafts were drawn to see how many pass",
        "SELECT 'rows' AS what, count(*) AS value FROM rows WHERE drafts_judged IS NOT NULL "
        "AND NOT canary UNION ALL SELECT 'judged', count(*) FROM rows WHERE drafts_judged > 0 "
        "AND NOT canary UNION ALL SELECT 'drafts', coalesce(sum(drafts_judged), 0) FROM rows "
        "WHERE NOT canary UNION ALL SELECT 'left band', coalesce(sum(left_band), 0) FROM rows "
        "WHERE NOT canary",
        _rows_where("drafts_judged IS NOT NULL AND NOT canary", ", drafts_passed, drafts_judged"),
    ),
    "difficulties": Query(
        "questions by how many of their drafts pass, and those of them that are verified",
        "SELECT difficulty, 'rows' AS what, count(*) AS value FROM rows "
        "WHERE difficulty IS NOT NULL AND NOT canary GROUP BY difficulty UNION ALL "
        "SELECT difficulty, 'verified', sum(outcome = 'verified') FROM rows "
        "WHERE difficulty IS NOT NULL AND NOT canary GROUP BY difficulty",
        _rows_where("difficulty IS NOT NULL AND NOT canary", ", difficulty"),
    ),
    "pass_at_1": Query(
        "the mean over questions of the share of their drafts that pass",
        "SELECT 1.0 * drafts_passed / drafts_judged AS x, count(*) AS times FROM rows "
        "WHERE drafts_judged > 0 AND NOT canary GROUP BY drafts_passed, drafts_judged",
        _rows_where("drafts_judged > 0 AND NOT canary", ", drafts_passed, drafts_judged"),
    ),
    "several_models": Query(
        "rows by who of several models answered, did not, and whose answer was kept",
        "SELECT node, label, what, count(*) AS value FROM several GROUP BY node, label, what "
        "UNION ALL SELECT node, label, 'verified', sum(outcome = 'verified') FROM several "
        "JOIN rows USING (idx) WHERE what = 'kept' GROUP BY node, label",
        "SELECT id, node, label, what FROM several ORDER BY idx",
    ),
}
