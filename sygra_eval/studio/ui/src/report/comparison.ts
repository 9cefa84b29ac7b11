// A comparison as `sygra-eval compare A B --json` prints it, and its figures in words.
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
  verdict: string | null;
  why_none: string | null;
  broken: Flip[];
  fixed: Flip[];
  to_error: Flip[];
  from_error: Flip[];
};
export type Side = {
  name: string;
  suite_sha256: string | null;
  rows: number;
  verified: number | null;
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
  metrics: Record<string, Change>;
  regressions: string[];
  notes: string[];
};

export const CHANGES: ReadonlyArray<['broken' | 'fixed' | 'to_error' | 'from_error', string]> = [
  ['broken', 'broken'],
  ['fixed', 'fixed'],
  ['to_error', 'to an error'],
  ['from_error', 'from an error'],
];

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

// The four kinds of pairs of a rate; all of them are the pairs that were compared.
export function pairs(of: Change): { fixed: number; broken: number; both: number; neither: number } {
  const [fixed, broken] = [of.fixed.length, of.broken.length];
  const both = Math.round((of.before ?? 0) * of.n) - broken;
  return { fixed, broken, both, neither: of.n - both - fixed - broken };
}
