import { expect, test } from 'vitest';
import type { RunCounts, RunSnapshot } from '../api/types';
import { begun, MOST_KEPT, took, type RunPage } from './state';

const counts = (state: RunCounts['state'], rows = 0) => ({ state, rows }) as RunCounts;
const snapshot = (state: RunCounts['state'] = 'running') => ({ suite: 's', run: 'r', counts: counts(state), endpoints: [], control: { can_pause: true } }) as unknown as RunSnapshot;
const tell = (page: RunPage, event: string, data: unknown) => took(page, { topic: 'run:s/r', event, data });
const row = (id: string) => ({ row: id, index: 0, outcome: 'verified', reason: '' });
const moved = (rows: string[], left = 0) => ({ rows: rows.map(row), rounds: [], visits: [], left_out: left });

test('the newest rows stand first, and no more are kept than anybody reads', () => {
  let page = tell(begun(snapshot()), 'moved', moved(['a', 'b'], 3));
  page = tell(page, 'moved', moved(['c']));
  expect(page.rows.map((one) => one.row)).toEqual(['c', 'b', 'a']);
  expect(page.leftOut).toBe(3);

  page = tell(page, 'moved', moved(Array.from({ length: 500 }, (_, at) => `x${at}`)));

  expect(page.rows.length).toBe(MOST_KEPT);
  expect(page.rows[0]!.row).toBe('x499');
});

test('pieces of one call are one text, another try begins anew, and a row that ended writes no more', () => {
  const delta = (call: string, text: string, id = 'a') => ({ row: id, node: 'solve', step: null, validator: null, call, text, is_cut: false });
  let page = tell(begun(snapshot()), 'deltas', [delta('1', 'def '), delta('1', 'f():'), delta('2', 'x', 'b')]);
  page = tell(page, 'deltas', [delta('1', '\n  pass')]);
  expect(page.writing.map((one) => [one.row, one.text])).toEqual([['b', 'x'], ['a', 'def f():\n  pass']]);

  page = tell(page, 'moved', moved(['a']));

  expect(page.writing.map((one) => one.row)).toEqual(['b']);
  expect(tell(page, 'ended', 'finished').writing).toEqual([]);
});

test('a text stands at the step, or the validator, that the server says', () => {
  const delta = (of: object) => ({ row: 'a', node: 'outer/draft', step: null, validator: null, call: 'c', text: 'x', is_cut: false, ...of });
  const page = tell(begun(snapshot()), 'deltas', [delta({}), delta({ step: 'revise' }), delta({ node: '', validator: 'judge' })]);

  expect(page.writing.map((one) => one.place)).toEqual(['outer/draft', 'outer/draft:revise', 'quality:judge']);
});

test('an answer of megabytes keeps its end, and says so', () => {
  const page = tell(begun(snapshot()), 'deltas', [{ row: 'a', node: 'n', step: null, validator: null, call: '1', text: 'x'.repeat(1e6), is_cut: false }]);

  expect(page.writing[0]).toMatchObject({ isCut: true, text: 'x'.repeat(4000) });
});

test('a new snapshot is asked for when the run began, when it ended, and when events were left out', () => {
  const page = begun(snapshot('starting'));
  expect(tell(page, 'counts', counts('starting')).needsSnapshot).toBe(false);
  expect(tell(page, 'counts', counts('running')).needsSnapshot).toBe(true);
  expect(tell(begun(snapshot()), 'counts', counts('running', 4))).toMatchObject({ needsSnapshot: false, counts: { rows: 4 } });
  expect(tell(page, 'ended', 'finished').needsSnapshot).toBe(true);
  expect(tell(page, 'resync', null).needsSnapshot).toBe(true);

  const seen = tell(page, 'moved', moved(['a']));
  expect(begun(snapshot(), seen)).toMatchObject({ needsSnapshot: false, rows: [row('a')] });
});

test('what a newer server tells beside is left alone', () => {
  const page = begun(snapshot());
  expect(tell(page, 'something-new', { x: 1 })).toBe(page);
});
