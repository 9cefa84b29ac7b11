// What a run tells of itself, put where the graph shows it.
import type { LoopCount, NodeCount, RunCounts } from '../api/types';
import { decimal, duration, usd } from '../format';
import { edgeId, stepId, validatorId } from './drawing';
import { NOTHING, type Live, type NodeLive } from './live';
import { END, QUALITY } from './model';

export function feedCounts(live: Live, counts: RunCounts): void {
  for (const [name, one] of Object.entries(counts.nodes)) live.node(name, nodeLive(one));
  for (const edge of counts.edges) live.edge(edgeId(edge.source, edge.target), edge.times);
  live.edge(edgeId(QUALITY, END), counts.rows);
  for (const loop of counts.loops) feedLoop(live, loop);
  for (const [name, one] of Object.entries(counts.validators)) {
    const { passed: pass, failed: fail, error, skipped: skip } = one;
    live.node(validatorId(name), { counts: { ...NOTHING, ok: pass, failed: error }, verdicts: { pass, fail, error, skip } });
  }
  live.rows({ done: counts.rows, total: counts.total, inFlight: counts.in_flight, outcomes: { ...counts.outcomes } });
  if (!isGoing(counts.state)) live.quiet();
}

export const isGoing = (state: RunCounts['state']): boolean => state === 'running' || state === 'draining' || state === 'starting' || state === 'paused';

function nodeLive(one: NodeCount): Partial<NodeLive> {
  const { waiting, running, ok, failed } = one;
  return {
    counts: { waiting, running, ok, failed },
    guardrails: guardsOf(one),
    latency: one.latency_s === null ? undefined : duration(one.latency_s),
    cost: one.cost_usd > 0 ? usd(one.cost_usd) : undefined,
  };
}

// Records that a guardrail ended here, and what guardrails found in calls that went on; what passed is not worth a sign.
function guardsOf(one: NodeCount): Record<string, number> | undefined {
  const told = { blocked: Math.max(one.blocked, one.guards['blocked'] ?? 0), flagged: one.guards['failed'] ?? 0, 'in error': one.guards['error'] ?? 0 };
  const found = Object.entries(told).filter(([, times]) => times > 0);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

// Each round judges once, and each round after the first began with a critique and its revision. A critic's stop is a
// critique that no revision followed.
function feedLoop(live: Live, loop: LoopCount): void {
  const rounds = Object.entries(loop.by_round);
  const all = rounds.reduce((sum, [, times]) => sum + times, 0);
  const first = loop.by_round['1'] ?? 0;
  const times = (ok: number) => ({ counts: { ...NOTHING, ok } });
  live.node(stepId(loop.node, 'draft'), times(first));
  live.node(stepId(loop.node, 'verify'), times(all));
  live.node(stepId(loop.node, 'revise'), times(all - first));
  live.node(stepId(loop.node, 'critique'), times(all - first + (loop.stop_reasons['sentinel'] ?? 0)));
  live.edge(edgeId(stepId(loop.node, 'revise'), stepId(loop.node, 'verify')), all - first);
  live.box(loop.node, roundsOf(loop));
}

export function roundsOf(loop: LoopCount): string | undefined {
  if (loop.rounds_min === null || loop.rounds_max === null || loop.rounds_mean === null) return undefined;
  if (loop.rounds_min === loop.rounds_max) return `rounds ${loop.rounds_min}`;
  return `rounds ${loop.rounds_min}..${loop.rounds_max}, mean ${decimal(loop.rounds_mean, 1)}`;
}
