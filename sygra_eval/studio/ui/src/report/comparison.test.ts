import { expect, test } from 'vitest';
import { chosen, comparisonsOf, linesOf, probability, signed, type Change, type Comparison } from './comparison';

const flip = (id: string, before: string, after: string) => ({ id, before, after });
const CHANGE: Change = { kind: 'rate', n: 10, before: 0.5, after: 0.6, change: 0.1, low: -0.2, high: 0.4, test: 'McNemar mid-p', p: 0.5, p_holm: 0.5, smallest: 0.3, verdict: 'no evidence', why_none: null, broken: [flip('b', 'passed', 'it broke')], fixed: [flip('a', 'it failed', 'passed')], to_error: [], from_error: [], passed_twice: 1, failed_twice: 1, flaky: 0, both: ['c'], neither: ['d'] };

test('a row stands once, with what became of it in each run', () => {
  const other: Change = { ...CHANGE, broken: [], fixed: [], both: ['b', 'c'], neither: ['a'] };

  const lines = linesOf([other, CHANGE, undefined]);

  expect(lines.map((line) => [line.id, line.first, ...line.cells.map((cell) => cell?.kind)])).toEqual([
    ['a', 'it failed', 'neither', 'fixed', undefined],
    ['b', 'passed', 'both', 'broken', undefined],
    ['c', 'passed', 'both', 'both', undefined],
    ['d', 'failed', undefined, 'neither', undefined],
  ]);
});

test('only those that changed somewhere are shown, and all of a kind', () => {
  const lines = linesOf([CHANGE]);

  expect(chosen(lines, true, '').map((line) => line.id)).toEqual(['a', 'b']);
  expect(chosen(lines, false, '').length).toBe(4);
  expect(chosen(lines, false, 'neither').map((line) => line.id)).toEqual(['d']);
  expect(chosen(lines, true, 'both')).toEqual([]);
});

test('one comparison and several are read alike', () => {
  const one = { matched: 1 } as Comparison;

  expect(comparisonsOf({ ...one, settings: [] })).toHaveLength(1);
  expect(comparisonsOf({ comparisons: [one, one], settings: [] })).toHaveLength(2);
});

test('a change has its sign, and what is unknown is no number', () => {
  expect([signed(CHANGE, 0.1), signed(CHANGE, -0.2), signed(CHANGE, null)]).toEqual(['+10.0', '−20.0', '–']);
  expect([probability(null), probability(0.00001), probability(0.0312)]).toEqual(['–', '< 0.0001', '0.0312']);
});
