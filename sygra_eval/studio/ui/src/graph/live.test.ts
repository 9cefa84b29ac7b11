import { expect, test } from 'vitest';
import { createLive, lastLine, NOTHING } from './live';

function frames() {
  const waiting: Array<() => void> = [];
  return { later: (flush: () => void) => void waiting.push(flush), next: () => waiting.splice(0).forEach((flush) => flush()), waiting };
}

test('a thousand events are one change of the page, with the last of each', () => {
  const { later, next, waiting } = frames();
  const live = createLive(later);
  let changes = 0;
  live.store.subscribe(() => (changes += 1));

  for (let number = 1; number <= 1000; number += 1) live.node(`n${number % 10}`, { counts: { ...NOTHING, ok: number } });
  live.edge('a>b', 7);
  expect(waiting.length).toBe(1);
  next();

  expect(changes).toBe(1);
  expect(live.store.getState().nodes['n0']!.counts.ok).toBe(1000);
  expect(live.store.getState().edges['a>b']!.count).toBe(7);
});

test('a node that nothing happened to keeps its very entry, so nobody draws it again', () => {
  const { later, next } = frames();
  const live = createLive(later);
  live.node('a', { text: 'x' });
  live.node('b', { text: 'x' });
  next();
  const before = live.store.getState().nodes['a'];

  live.node('b', { counts: { ...NOTHING, running: 1 } });
  next();

  expect(live.store.getState().nodes['a']).toBe(before);
  expect(live.store.getState().nodes['b']).toEqual({ counts: { ...NOTHING, running: 1 }, text: 'x' });
});

test('the same counts told again are no change', () => {
  const { later, next } = frames();
  const live = createLive(later);
  const tell = () => {
    live.node('a', { counts: { ...NOTHING, ok: 3 }, verdicts: { pass: 1, fail: 0, error: 0, skip: 0 } });
    live.rows({ done: 3, total: null, inFlight: 0, outcomes: { verified: 3 } });
    next();
  };
  tell();
  const { nodes, rows } = live.store.getState();

  tell();

  expect(live.store.getState().nodes).toBe(nodes);
  expect(live.store.getState().rows).toBe(rows);
});

test('of a text that is being written, the end of its last line is shown, until nothing is', () => {
  const { later, next } = frames();
  const live = createLive(later);

  live.write('a', `def f():\n  return ${'z'.repeat(500)}\n`);
  next();
  expect(live.store.getState().nodes['a']!.text).toBe('z'.repeat(120));
  live.quiet();
  next();

  expect(live.store.getState().nodes['a']!.text).toBeUndefined();
  expect(lastLine('def f():\r\n  return 1\n\n')).toBe('return 1');
  expect([lastLine('```python\nx = 1\n```'), lastLine('```python\n'), lastLine('')]).toEqual(['x = 1', '', '']);
});

test('more than a frame can draw is drawn over more frames, the longest waiting first, and each with its newest', () => {
  const { later, next, waiting } = frames();
  const live = createLive(later, 2);
  const tell = (ok: number) => ['a', 'b', 'c'].forEach((id) => live.node(id, { counts: { ...NOTHING, ok } }));
  const shown = () => Object.entries(live.store.getState().nodes).map(([id, one]) => `${id}${one.counts.ok}`);

  tell(1);
  next();
  expect(shown()).toEqual(['a1', 'b1']);
  tell(2);
  next();
  next();

  expect(shown()).toEqual(['a2', 'b2', 'c2']);
  expect(waiting).toEqual([]);
});
