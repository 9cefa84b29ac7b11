// The rounds of a record as the lane shows them: a row a round, its steps with their times, tokens and cost.
import type { AttemptTold, CallLine, CritiqueTold, RecordTold, RoundTold } from '../api/types';

export type Bar = { step: string; from: number; to: number; number: number };
export type Lane = {
  round: RoundTold;
  shown: AttemptTold | undefined;
  drafts: CallLine[];
  critique: CritiqueTold | null;
  critiqueCall: CallLine | undefined;
  verdict: 'pass' | 'fail' | 'error' | 'skip' | 'none';
  passed: number;
  total: number;
  bars: Bar[];
};

export function lanesOf(record: RecordTold): Lane[] {
  const span = spanOf(record);
  return record.rounds.map((round) => {
    const calls = callsOf(record, round);
    const shown = round.attempts[round.shown];
    const tests = shown?.verdicts.flatMap((verdict) => verdict.tests) ?? [];
    return {
      round,
      shown,
      drafts: calls.filter((call) => call.step !== 'critique'),
      critique: round.critique,
      critiqueCall: record.calls.find((call) => call.number === round.critique?.call),
      verdict: worstOf(shown),
      passed: tests.reduce((sum, group) => sum + group.passed, 0),
      total: tests.reduce((sum, group) => sum + group.total, 0),
      bars: barsOf(calls, span),
    };
  });
}

// What all judges of an attempt come to: an error is kept apart from a failure, which is told first.
function worstOf(attempt: AttemptTold | undefined): Lane['verdict'] {
  const statuses = new Set(attempt?.verdicts.map((verdict) => verdict.status) ?? []);
  for (const status of ['fail', 'error', 'skip', 'pass'] as const) if (statuses.has(status)) return status;
  return 'none';
}

export function spanOf(record: RecordTold): number {
  return Math.max(0.001, record.ended_s ?? 0, ...record.calls.map((call) => call.ended ?? 0));
}

function callsOf(record: RecordTold, round: RoundTold): CallLine[] {
  return record.calls.filter((call) => call.node.startsWith(`${round.node}/`) && call.visit === round.number && call.step !== '');
}

export function barsOf(calls: CallLine[], span: number): Bar[] {
  return calls
    .filter((call) => call.began !== null && call.ended !== null)
    .map((call) => ({ step: call.step || 'call', from: (100 * call.began!) / span, to: (100 * call.ended!) / span, number: call.number }));
}

// The code of an attempt; where none was found in the answer, the answer is what was judged.
export function codeOf(attempt: AttemptTold | undefined): string {
  return attempt?.code?.text ?? attempt?.answer.text ?? '';
}

export function isCut(attempt: AttemptTold | undefined): boolean {
  return (attempt?.code ?? attempt?.answer)?.of != null;
}

// The critique that asked for a round: that of the last round of the same loop before it.
export function askedBy(record: RecordTold, at: number): CritiqueTold | null {
  const node = record.rounds[at]?.node;
  for (let before = at - 1; before >= 0; before--) {
    const round = record.rounds[before]!;
    if (round.node === node && round.critique) return round.critique;
  }
  return null;
}

export function sumOf(calls: CallLine[]): { tokens: number; latency: number; cost: number | null } {
  return {
    tokens: calls.reduce((sum, call) => sum + call.prompt_tokens + call.completion_tokens, 0),
    latency: calls.reduce((sum, call) => sum + call.latency_s, 0),
    cost: calls.some((call) => call.cost_usd === null) ? null : calls.reduce((sum, call) => sum + call.cost_usd!, 0),
  };
}
