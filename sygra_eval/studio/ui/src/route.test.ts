import { expect, test } from 'vitest';
import { hashOf, parseRoute } from './route';

test('what is put into an address comes out of it, whatever signs it holds', () => {
  const parts = ['runs', 'a/b', 'ü%20#?&'];

  const route = parseRoute(hashOf(parts, { outcome: 'a&b=c', none: undefined, empty: '' }));

  expect(route.parts).toEqual(parts);
  expect([...route.query]).toEqual([['outcome', 'a&b=c']]);
});

test('a name with several values stands there several times', () => {
  const route = parseRoute(hashOf(['compare'], { a: 's/1', b: ['s/2', '', 's/&3'] }));

  expect([route.query.get('a'), route.query.getAll('b')]).toEqual(['s/1', ['s/2', 's/&3']]);
});

test('an address that cannot be decoded is shown as it is', () => {
  expect(parseRoute('#/runs/%E0%A4%A').parts).toEqual(['runs', '%E0%A4%A']);
});
