"""Statements over the calls of a run, its time, its gates and its metrics."""

from sygra_eval.report.query import Query

_USD = "CASE WHEN sum(nano_usd IS NULL) THEN NULL ELSE coalesce(sum(nano_usd), 0) / 1e9 END"
_FIGURES = {
    "calls": "count(*)",
    "calls_from_cache": "sum(from_cache)",
    "calls_from_plugins": "sum(from_plugin)",
    "calls_batched": "sum(batched)",
    "calls_estimated": "sum(estimated)",
    "calls_without_price": "sum(nano_usd IS NULL)",
    "json_repairs": "sum(repair)",
    "retries": "sum(tries) - count(*)",
    "prompt_tokens": "sum(prompt_tokens)",
    "cached_tokens": "sum(cached_tokens)",
    "completion_tokens": "sum(completion_tokens)",
    "reasoning_tokens": "sum(reasoning_tokens)",
    "saved_tokens": "sum((prompt_tokens + completion_tokens) * (from_cache OR from_plugin))",
    "cost_usd": _USD,
    "known_usd": "coalesce(sum(nano_usd), 0) / 1e9",
    "batched_usd": "coalesce(sum(nano_usd * batched), 0) / 1e9",
    "saved_usd": "coalesce(sum(saved_nano_usd * from_cache), 0) / 1e9",
    "latency_s": "coalesce(sum(latency_s), 0.0)",
}
_WALL = (
    "SELECT coalesce(sum(s), 0.0) FROM (SELECT s, row_number() OVER (PARTITION BY start "
    "ORDER BY seq DESC) AS back FROM (SELECT seq, json_extract(data, '$.wall_s') AS s, "
    "sum(kind = 'started') OVER (ORDER BY seq) AS start FROM events) WHERE s IS NOT NULL) "
    "WHERE back = 1"
)
_BOUND = (
    "SELECT max(needed) FROM (SELECT model, sum(sent * latency_s) / in_flight AS needed "
    "FROM calls JOIN limits USING (model) GROUP BY model HAVING sum(sent) UNION ALL "
    "SELECT model, sum(sent) / rpm * 60.0 FROM calls JOIN limits USING (model) GROUP BY model "
    "HAVING sum(sent) UNION ALL SELECT model, sum((prompt_tokens + completion_tokens) "
    "* (NOT from_cache AND NOT from_plugin)) / tpm * 60.0 FROM calls JOIN limits USING (model) "
    "GROUP BY model HAVING sum(sent))"
)
_CALL = "id, node, visit, sample, model, prompt_tokens, completion_tokens, latency_s"


def _spent(key: str = "") -> str:
    """Return all figures of calls, a line each, for each value of a column."""
    named, grouped = (f"{key}, ", f" GROUP BY {key}") if key else ("", "")
    return " UNION ALL ".join(
        f"SELECT {named}'{what}' AS of, {figure} AS value FROM calls{grouped}"
        for what, figure in _FIGURES.items()
    )


def _bought(key: str, of: str, where: str, verified: str) -> str:
    """Return what the calls of each round or draft came to, and each row that it verified."""
    tokens = "sum(prompt_tokens + completion_tokens)"
    figures = {
        "calls": "count(*)",
        "tokens": tokens,
        "usd": _USD,
        "tokens_per_verified": f"1.0 * {tokens} / nullif(({verified}), 0)",
        "usd_per_verified": f"{_USD} / nullif(({verified}), 0)",
    }
    return " UNION ALL ".join(
        f"SELECT {of} AS {key}, '{what}' AS of, {figure} AS value FROM calls "
        f"WHERE {where} GROUP BY {of}"
        for what, figure in figures.items()
    )


OF_CALLS: dict[str, Query] = {
    "calls": Query(
        "model calls in the journal",
        "SELECT count(*) AS value FROM calls",
        f"SELECT {_CALL} FROM calls",
    ),
    "calls_cached": Query(
        "calls that the journal answered when the run was gone on with",
        "SELECT coalesce(sum(json_extract(data, '$.calls_cached')), 0) AS value FROM events "
        "WHERE kind IN ('finished', 'stopped', 'broke')",
    ),
    "spent": Query("what all calls came to", _spent(), f"SELECT {_CALL} FROM calls"),
    "spent_by_model": Query(
        "what the calls of each model came to", _spent("model"), f"SELECT {_CALL} FROM calls"
    ),
    "spent_by_step": Query(
        "what the calls of each place in the graph came to",
        _spent("place").replace("SELECT place,", "SELECT place AS step,"),
        f"SELECT {_CALL}, place AS step FROM calls",
    ),
    "usd_per_verified_row": Query(
        "what a verified row cost, with all that was spent on others",
        f"SELECT {_USD} / nullif((SELECT count(*) FROM rows WHERE outcome = 'verified'), 0) "
        "AS value FROM calls",
    ),
    "round_calls": Query(
        "what the calls of each round came to, and each row that it verified",
        _bought(
            "round",
            "visit",
            "loop_step <> ''",
            "SELECT count(*) FROM rows WHERE outcome = 'verified' AND kept_round = visit",
        ),
        f"SELECT {_CALL}, visit AS round FROM calls WHERE loop_step <> ''",
    ),
    "sample_calls": Query(
        "what each further draft came to, and each row that it verified",
        _bought(
            "sample",
            "sample + 1",
            "loop_step = 'draft'",
            "SELECT count(*) FROM rows WHERE outcome = 'verified' AND kept_round = 1 "
            "AND drafts_judged IS NULL AND samples = calls.sample + 1",
        ),
        f"SELECT {_CALL.replace('sample', 'sample + 1 AS sample')} FROM calls "
        "WHERE loop_step = 'draft'",
    ),
    "latency_calls": Query(
        "calls that an endpoint was asked",
        "SELECT step, model, count(*) AS value FROM calls WHERE sent GROUP BY step, model",
        f"SELECT {_CALL}, step FROM calls WHERE sent",
    ),
    "latency": Query(
        "the seconds that so many of a hundred calls did not exceed, by nearest rank",
        "SELECT step, model, column1 AS percent, latency_s AS value FROM (SELECT step, model, "
        "latency_s, row_number() OVER (PARTITION BY step, model ORDER BY latency_s) AS place, "
        "count(*) OVER (PARTITION BY step, model) AS of FROM calls WHERE sent), "
        "(VALUES (50), (90), (99)) WHERE place = max(1, (of * column1 + 99) / 100)",
        f"SELECT {_CALL}, step FROM calls WHERE sent ORDER BY latency_s DESC",
    ),
    "latency_slowest": Query(
        "the slowest call",
        "SELECT step, model, max(latency_s) AS value FROM calls WHERE sent GROUP BY step, model",
        f"SELECT {_CALL}, step FROM calls WHERE sent ORDER BY latency_s DESC",
    ),
    "wall_s": Query(
        "seconds of all starts of the run: of each what it noted last", f"SELECT ({_WALL}) AS value"
    ),
    "model_s": Query(
        "seconds of all calls, added up",
        "SELECT coalesce(sum(latency_s), 0.0) AS value FROM calls",
        f"SELECT {_CALL} FROM calls ORDER BY latency_s DESC",
    ),
    "bound": Query(
        "the least seconds that the calls could take, as their models allow no more: the widest "
        "of calls at once, requests a minute and tokens a minute",
        f"SELECT ({_BOUND}) AS value",
    ),
    "times_the_bound": Query(
        "how many times the bound the run took", f"SELECT ({_WALL}) / ({_BOUND}) AS value"
    ),
    "waiting": Query(
        "the run's seconds in two: those that its models' limits alone take, and the rest",
        f"SELECT 'waiting' AS of, min(({_BOUND}), ({_WALL})) AS value UNION ALL "
        f"SELECT 'working', max(0.0, ({_WALL}) - ({_BOUND}))",
    ),
    "estimate": Query(
        "what the run was expected to take, as it was journalled before",
        "SELECT path, value FROM estimated",
    ),
    "damaged_rows": Query(
        "damaged rows of the journal: those that count as absent here, and those that the run met",
        "SELECT 'absent' AS what, rows AS value FROM damaged UNION ALL SELECT 'met', "
        "coalesce(sum(json_extract(data, '$.damaged')), 0) FROM events "
        "WHERE kind IN ('finished', 'stopped', 'broke')",
    ),
    "gates": Query(
        "what a gate was judged by, as it was journalled",
        "SELECT g.key AS place, json_extract(g.value, '$.value') AS value, "
        "json_extract(g.value, '$.n_judged') AS n, json_extract(g.value, '$.lower') AS lower, "
        "json_extract(g.value, '$.upper') AS upper FROM (SELECT data FROM events "
        "WHERE kind = 'gates' ORDER BY seq DESC LIMIT 1) e, json_each(e.data, '$.outcomes') g",
    ),
    "gate_counts": Query(
        "rows that are in no figure of a gate",
        "SELECT g.key AS place, 'errors' AS what, json_extract(g.value, '$.n_error') AS value "
        "FROM (SELECT data FROM events WHERE kind = 'gates' ORDER BY seq DESC LIMIT 1) e, "
        "json_each(e.data, '$.outcomes') g UNION ALL "
        "SELECT g.key, 'skipped', json_extract(g.value, '$.n_skipped') "
        "FROM (SELECT data FROM events WHERE kind = 'gates' ORDER BY seq DESC LIMIT 1) e, "
        "json_each(e.data, '$.outcomes') g",
    ),
    "agreement": Query(
        "how far raters agree, as it was journalled",
        "SELECT json_extract(f.value, '$.name') AS name, w.value AS what, "
        "json_extract(f.value, '$.' || w.value) AS value, "
        "CASE w.value WHEN 'value' THEN json_extract(f.value, '$.rows') END AS n, "
        "CASE w.value WHEN 'value' THEN json_extract(f.value, '$.low') END AS lower, "
        "CASE w.value WHEN 'value' THEN json_extract(f.value, '$.high') END AS upper "
        "FROM (SELECT data FROM events WHERE kind = 'agreement' ORDER BY seq DESC LIMIT 1) e, "
        'json_each(e.data, \'$.found\') f, json_each(\'["value", "observed", "rows", '
        '"clusters", "lone", "errors", "labels", "unmatched"]\') w',
    ),
    "agreement_pairs": Query(
        "rows by what two raters said of them, as it was journalled",
        "SELECT json_extract(f.value, '$.name') AS name, p.key AS ratings, p.value AS value "
        "FROM (SELECT data FROM events WHERE kind = 'agreement' ORDER BY seq DESC LIMIT 1) e, "
        "json_each(e.data, '$.found') f, json_each(f.value, '$.pairs') p",
    ),
    "metrics": Query(
        "the values that a metric gives to rows, and which rows belong together",
        "SELECT metric, id, value AS x, cluster FROM metric_values ORDER BY metric, id",
        "SELECT metric, id, value, cluster FROM metric_values ORDER BY metric, id",
    ),
    "metric_counts": Query(
        "rows that broke a metric, and rows that have no value",
        "SELECT metric, 'errors' AS what, count(*) AS value FROM metric_errors GROUP BY metric "
        "UNION ALL SELECT metric, 'skipped', (SELECT count(*) FROM rows) - (SELECT count(*) "
        "FROM metric_values v WHERE v.metric = m.metric) - (SELECT count(*) FROM metric_errors e "
        "WHERE e.metric = m.metric) FROM metric_names m WHERE kind <> 'set'",
        "SELECT metric, id, error FROM metric_errors ORDER BY metric, id",
    ),
}
