import { expect, test } from 'vitest';
import { askedOf, EMPTY, type Form } from './asked';

const of = (form: Partial<Form>) => askedOf('a.yaml', { ...EMPTY, ...form });

test('an untouched form asks for all rows with seed 0 and no bound', () => {
  expect(of({})).toEqual({
    asked: { suite: 'a.yaml', variant: null, rows: 'all', limit: null, first: null, last: null, filter: '', failed_of: '', sample: null, seed: 0, concurrency: null, budget: { cost_usd: null, tokens: null, calls: null, time_s: null }, cache: 'suite' },
  });
});

test('only the fields of the chosen way of naming rows are asked for', () => {
  expect(of({ rows: 'range', first: '5', last: '1,000', limit: 'x', filter: 'y' })).toMatchObject({ asked: { rows: 'range', first: 5, last: 1000, limit: null, filter: '' } });
  expect(of({ rows: 'limit', limit: '3', minutes: '1.5', cost_usd: '0.05' })).toMatchObject({ asked: { limit: 3, budget: { time_s: 90, cost_usd: 0.05 } } });
});

test('each thing that is wrong is said at its field', () => {
  expect(of({ rows: 'limit', limit: '0', seed: '-1', cost_usd: 'much', concurrency: '1.5' })).toEqual({
    wrong: [
      { field: 'limit', message: 'is a whole number from 1 on' },
      { field: 'seed', message: 'is a whole number from 0 on' },
      { field: 'concurrency', message: 'is a whole number from 1 on' },
      { field: 'cost_usd', message: 'is a number above 0' },
    ],
  });
  expect(of({ rows: 'range', first: '9', last: '2' })).toEqual({ wrong: [{ field: 'last', message: 'is not before the first' }] });
  expect(of({ rows: 'filter', filter: ' ' })).toEqual({ wrong: [{ field: 'filter', message: 'is needed' }] });
  expect(of({ rows: 'failed_of' })).toEqual({ wrong: [{ field: 'failed_of', message: 'is needed' }] });
});

test('rows that are run again are named by their ids, or by the view of the run that has them', () => {
  const again = { run: 's/1', ids: ['a b', 'c\nd'], view: '', count: 2 };

  expect(askedOf('a.yaml', EMPTY, again)).toMatchObject({ asked: { rows: 'ids', ids: ['a b', 'c\nd'], of_run: 's/1', limit: null } });
  expect(askedOf('a.yaml', EMPTY, { ...again, ids: [], view: 'q=x' })).toMatchObject({ asked: { rows: 'ids', ids: [], view: 'q=x' } });
});
