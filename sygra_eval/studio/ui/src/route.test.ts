import { expect, test } from 'vitest';
import { hashOf, parseRoute } from './route';

test('what is put into an address comes out of it, whatever signs it holds', () => {
  const parts = ['runs', 'a/b', 'ü%20#?&'];

  const route = parseRoute(hashOf(parts, { outcome: 'a&b=c', none: undefined, empty: '' }));

  expect(route.parts).toEqual(parts);
  expect([...route.query]).toEqual([['outcome', 'a&b=c']]);
});

test('an address that cannot be decoded is shown as it is', () => {
  expect(parseRoute('#/runs/%E0%A4%A').parts).toEqual(['runs', '%E0%A4%A']);
});
