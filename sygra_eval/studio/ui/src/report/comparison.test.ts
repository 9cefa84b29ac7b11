import { expect, test } from 'vitest';
import { pairs, probability, signed, type Change } from './comparison';

const FLIP = { id: 'a', before: 'fail', after: 'pass' };
const CHANGE: Change = { kind: 'rate', n: 10, before: 0.5, after: 0.6, change: 0.1, low: -0.2, high: 0.4, test: 'McNemar mid-p', p: 0.5, p_holm: 0.5, verdict: 'no evidence', why_none: null, broken: [FLIP], fixed: [FLIP, FLIP], to_error: [], from_error: [] };

test('the four kinds of pairs are all pairs', () => {
  expect(pairs(CHANGE)).toEqual({ fixed: 2, broken: 1, both: 4, neither: 3 });
});

test('a change has its sign, and what is unknown is no number', () => {
  expect([signed(CHANGE, 0.1), signed(CHANGE, -0.2), signed(CHANGE, null)]).toEqual(['+10.0', '−20.0', '–']);
  expect([probability(null), probability(0.00001), probability(0.0312)]).toEqual(['–', '< 0.0001', '0.0312']);
});
