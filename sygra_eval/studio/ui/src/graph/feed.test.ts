import { expect, test } from 'vitest';
import type { RunCounts } from '../api/types';
import { feedCounts, roundsOf } from './feed';
import { createLive } from './live';

const COUNTS: RunCounts = {
  state: 'running', rows: 5, total: 20, in_flight: 3,
  outcomes: { verified: 3, rejected: 1, failed: 1, unjudged: 0 }, verified_low: 0.2, verified_high: 0.9,
  nodes: { solve: { waiting: 1, running: 2, ok: 4, failed: 1, blocked: 1, guards: { passed: 3, failed: 2 }, calls: 9, tokens: 900, cost_usd: 0.5, latency_s: 1.25 } },
  edges: [{ source: 'START', target: 'solve', times: 8 }, { source: 'solve', target: 'END', times: 4 }],
  loops: [{ node: 'solve', ended: 4, rounds_min: 1, rounds_max: 4, rounds_mean: 1.94, stop_reasons: { sentinel: 3, max_rounds: 1 }, by_round: { '1': 6, '2': 2, '3': 1 }, steps: { draft: 7, verify: 9, critique: 8, revise: 3, back: 2 }, refused: 1 }],
  validators: { tests: { passed: 3, failed: 1, error: 0, skipped: 1 } }, guardrails: [],
  spending: { cost_usd: 0.5, tokens: 900, calls: 9, from_cache: 0, unpriced: 0, all_cost_usd: 2, all_tokens: 3600, budget: { cost_usd: null, tokens: null, calls: null, time_s: null }, left_usd: null, left_tokens: null },
  pace: { rows_per_s: 1, elapsed_s: 5, left_s: 15 }, is_whole: true, is_live: true, damaged: 0,
};

test('counts of a run stand at the nodes, the edges, the steps of the loop, the validators and the ends', () => {
  const live = createLive((flush) => flush());

  feedCounts(live, COUNTS);

  const { nodes, edges, boxes, rows } = live.store.getState();
  expect(nodes['solve']).toEqual({ counts: { waiting: 1, running: 2, ok: 4, failed: 1 }, guardrails: { blocked: 1, flagged: 2 }, latency: '1.3 s', cost: '$0.50' });
  expect(['draft', 'verify', 'critique', 'revise'].map((step) => nodes[`solve:${step}`]!.counts.ok)).toEqual([7, 9, 8, 3]);
  expect(nodes['quality:tests']!.verdicts).toEqual({ pass: 3, fail: 1, error: 0, skip: 1 });
  expect([edges['START>solve']!.count, edges['solve>END']!.count, edges['quality:>END']!.count, edges['solve:revise>solve:verify']!.count]).toEqual([8, 4, 5, 2]);
  expect(boxes['solve']!.rounds).toBe('rounds 1..4, mean 1.9');
  expect(rows).toEqual({ done: 5, total: 20, inFlight: 3, outcomes: COUNTS.outcomes });
});

test('a run that does not go writes nothing', () => {
  const live = createLive((flush) => flush());
  live.write('solve', 'def f');

  feedCounts(live, { ...COUNTS, state: 'killed' });

  expect(live.store.getState().nodes['solve']!.text).toBeUndefined();
});

test('rounds that are all alike are one number, and of none nothing is said', () => {
  expect(roundsOf({ ...COUNTS.loops[0]!, rounds_min: 2, rounds_max: 2, rounds_mean: 2 })).toBe('rounds 2');
  expect(roundsOf({ ...COUNTS.loops[0]!, rounds_min: null, rounds_max: null, rounds_mean: null })).toBeUndefined();
});
