import { expect, test } from 'vitest';
import { changesOf } from './limitChanges';

const endpoint = { of: 'http://a/v1', is_model: false, in_flight: 0, waiting: 0, max_concurrency: 8, requests_per_minute: 60, tokens_per_minute: null, circuit: null };
const typed = (limits: Record<string, string>) => changesOf([endpoint], { 'http://a/v1': limits });

test('only what differs is a change, and an emptied rate takes it away', () => {
  expect(typed({ max_concurrency: '8', rpm: '', tpm: '1,000' })).toEqual([{ of: 'http://a/v1', limit: 'rpm', to: null }, { of: 'http://a/v1', limit: 'tpm', to: 1000 }]);
  expect(changesOf([endpoint], {})).toEqual([]);
});

test('what is no limit is said with whose it is', () => {
  expect(typed({ rpm: 'many' })).toBe('http://a/v1: `many` is no number above 0');
  expect(typed({ rpm: '0' })).toBe('http://a/v1: `0` is no number above 0');
  expect(typed({ max_concurrency: '' })).toBe('http://a/v1: say how many calls at a time');
  expect(typed({ max_concurrency: '2.5' })).toBe('http://a/v1: calls at a time are a whole number');
});
