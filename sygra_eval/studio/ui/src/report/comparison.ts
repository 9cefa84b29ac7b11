// Comparisons as `sygra-eval compare A B [C …] --json` prints them, and their figures in words.
import { UNKNOWN } from '../format';

export type Flip = { id: string; before: string; after: string };
export type Change = {
  kind: string;
  n: number;
  before: number | null;
  after: number | null;
  change: number | null;
  low: number | null;
  high: number | null;
  test: string | null;
  p: number | null;
  p_holm: number | null;
  smallest: number | null;
  verdict: string | null;
  why_none: string | null;
  broken: Flip[];
  fixed: Flip[];
  to_error: Flip[];
  from_error: Flip[];
  passed_twice: number;
  failed_twice: number;
  flaky: number;
  both?: string[];
  neither?: string[];
};
export type Side = {
  name: string;
  suite: string | null;
  suite_sha256: string | null;
  rows: number;
  verified: number | null;
  verified_rate: { value: number; low: number; high: number } | null;
  cost_usd: number | null;
  tokens: number | null;
  seconds: number | null;
  rounds: Record<string, number>;
  latency: Array<{ step: string; model: string; calls: number; p50_s: number | null; p90_s: number | null }>;
  cost_per_verified_row: number | null;
  tokens_per_verified_row: number | null;
  seconds_per_verified_row: number | null;
};
export type Comparison = {
  before: Side;
  after: Side;
  matched: number;
  changed_input: string[];
  only_before: number;
  only_after: number;
  alpha: number;
  tests: number;
  metrics: Record<string, Change>;
  regressions: string[];
  notes: string[];
};
export type Setting = { setting: string; values: Array<string | null> };
export type Told = (Comparison | { comparisons: Comparison[] }) & { settings: Setting[] };

export const MOST_RUNS = 5;

export const comparisonsOf = (told: Told): Comparison[] => ('comparisons' in told ? told.comparisons : [told]);

export const CHANGES: ReadonlyArray<['broken' | 'fixed' | 'to_error' | 'from_error', string]> = [
  ['broken', 'broken'],
  ['fixed', 'fixed'],
  ['to_error', 'to an error'],
  ['from_error', 'from an error'],
];
export const SAME: ReadonlyArray<['both' | 'neither', string]> = [
  ['both', 'both'],
  ['neither', 'neither'],
];
export type Kind = (typeof CHANGES)[number][0] | (typeof SAME)[number][0];

export function figure(of: Change, value: number | null): string {
  if (value === null) return UNKNOWN;
  return of.kind === 'rate' ? `${(value * 100).toFixed(1)} %` : String(Number(value.toPrecision(3)));
}

export function signed(of: Change, value: number | null): string {
  if (value === null) return UNKNOWN;
  const told = of.kind === 'rate' ? (value * 100).toFixed(1) : String(Number(value.toPrecision(2)));
  return value > 0 ? `+${told}` : told.replace('-', '−');
}

export const probability = (p: number | null): string => (p === null ? UNKNOWN : p < 0.0001 ? '< 0.0001' : p.toFixed(4));

// What is shown of the rows; all of it is in the address.
export type View = { metric: string; kind: Kind | ''; isAll: boolean };

// What became of a row in each of the other runs; undefined where it was compared in none of the six ways.
export type Cell = { kind: Kind; told: string } | undefined;
export type Line = { id: string; first: string; cells: Cell[] };

// The rows of one metric, in the order of their ids; those that did not turn are there where the comparison names them.
export function linesOf(changes: Array<Change | undefined>): Line[] {
  const lines = new Map<string, Line>();
  const at = (id: string, first: string): Line => {
    let line = lines.get(id);
    if (!line) lines.set(id, (line = { id, first, cells: changes.map(() => undefined) }));
    return line;
  };
  changes.forEach((change, column) => {
    if (!change) return;
    for (const [kind] of CHANGES) for (const flip of change[kind]) at(flip.id, flip.before).cells[column] = { kind, told: flip.after };
    for (const id of change.both ?? []) at(id, 'passed').cells[column] = { kind: 'both', told: 'passed' };
    for (const id of change.neither ?? []) at(id, 'failed').cells[column] = { kind: 'neither', told: 'failed' };
  });
  for (const change of changes) {
    if (!change) continue;
    for (const [kind] of CHANGES) for (const flip of change[kind]) lines.get(flip.id)!.first = flip.before; // with its reason
  }
  return [...lines.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

const isChange = (cell: Cell): boolean => cell !== undefined && cell.kind !== 'both' && cell.kind !== 'neither';

// Those that turned in one of the runs at least, or those of one kind.
export function chosen(lines: Line[], isOnlyChanged: boolean, kind: Kind | ''): Line[] {
  return lines.filter((line) => (kind === '' || line.cells.some((cell) => cell?.kind === kind)) && (!isOnlyChanged || line.cells.some(isChange)));
}
