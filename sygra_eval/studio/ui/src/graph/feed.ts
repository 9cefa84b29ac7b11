// What a run tells of itself, put where the graph shows it.
import type { LoopCount, NodeCount, RunCounts } from '../api/types';
import { decimal, duration, usdOf } from '../format';
import { edgeId, stepId, validatorId } from './drawing';
import { NOTHING, type Live, type NodeLive } from './live';
import { END, QUALITY, type Step } from './model';

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
    cost: one.cost_usd > 0 ? usdOf(one.cost_usd, one.unpriced) : undefined,
  };
}

// Records that a guardrail ended here, and what guardrails found in calls that went on; what passed is not worth a sign.
function guardsOf(one: NodeCount): Record<string, number> | undefined {
  const told = { blocked: Math.max(one.blocked, one.guards['blocked'] ?? 0), flagged: one.guards['failed'] ?? 0, 'in error': one.guards['error'] ?? 0 };
  const found = Object.entries(told).filter(([, times]) => times > 0);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function feedLoop(live: Live, loop: LoopCount): void {
  const { back, ...steps } = loop.steps;
  for (const [step, ok] of Object.entries(steps) as Array<[Step, number]>) live.node(stepId(loop.node, step), { counts: { ...NOTHING, ok } });
  live.edge(edgeId(stepId(loop.node, 'revise'), stepId(loop.node, 'verify')), back);
  live.box(loop.node, roundsOf(loop));
}

export function roundsOf(loop: LoopCount): string | undefined {
  if (loop.rounds_min === null || loop.rounds_max === null || loop.rounds_mean === null) return undefined;
  if (loop.rounds_min === loop.rounds_max) return `rounds ${loop.rounds_min}`;
  return `rounds ${loop.rounds_min}..${loop.rounds_max}, mean ${decimal(loop.rounds_mean, 1)}`;
}
