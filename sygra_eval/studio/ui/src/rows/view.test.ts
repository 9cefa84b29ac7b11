import { expect, test } from 'vitest';
import { askedOf, DEFAULT_COLUMNS, hashOfView, sortedBy, toggled, viewOf } from './view';
import { parseRoute } from '../route';

const EMPTY = viewOf(new URLSearchParams());

test('a view comes out of the address that it was put into', () => {
  const view = { filters: { outcome: ['rejected', 'failed'], test: ['assert f("a&b") == 1?'] }, q: 'a+b = #?', sort: '-cost', columns: ['row', 'var:topic/x'] };

  const route = parseRoute(hashOfView(['runs', 's', 'r', 'rows'], view));

  expect(route.parts).toEqual(['runs', 's', 'r', 'rows']);
  expect(viewOf(route.query)).toEqual(view);
});

test('the view that shows all has a short address', () => {
  expect(hashOfView(['runs', 's', 'r', 'rows'], EMPTY)).toBe('#/runs/s/r/rows');
});

test('a value is added to its facet and taken away again', () => {
  const once = toggled(toggled(EMPTY, 'outcome', 'failed'), 'outcome', 'rejected');
  expect(once.filters).toEqual({ outcome: ['failed', 'rejected'] });

  expect(toggled(toggled(once, 'outcome', 'failed'), 'outcome', 'rejected').filters).toEqual({});
});

test('a column is sorted the useful way, the other way, and not any more', () => {
  const ways = [EMPTY];
  for (let n = 0; n < 3; n++) ways.push(sortedBy(ways[n]!, 'cost'));

  expect(ways.map((one) => one.sort)).toEqual(['index', '-cost', 'cost', 'index']);
});

test('the server is asked for the variables alone', () => {
  const asked = askedOf({ ...EMPTY, columns: [...DEFAULT_COLUMNS, 'var:topic'], filters: { mark: ['none'] } });

  expect(asked.toString()).toBe('mark=none&column=topic');
});
