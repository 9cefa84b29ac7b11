import { expect, test } from 'vitest';
import { pagesOf, scrolledTo, windowOf } from './windowing';

test('a window has the rows in sight and a few around them, and never more than there are', () => {
  expect(windowOf(0, 300, 30, 100_000)).toEqual({ first: 0, end: 18 });
  expect(windowOf(3_000, 300, 30, 100_000)).toEqual({ first: 92, end: 118 });
  expect(windowOf(3_000, 300, 30, 5)).toEqual({ first: 5, end: 5 });
  expect(windowOf(0, 300, 30, 0)).toEqual({ first: 0, end: 0 });
});

test('the pages of a window are those that hold its rows', () => {
  expect(pagesOf({ first: 92, end: 118 }, 100)).toEqual([0, 1]);
  expect(pagesOf({ first: 100, end: 200 }, 100)).toEqual([1]);
  expect(pagesOf({ first: 0, end: 0 }, 100)).toEqual([]);
});

test('it scrolls no further than it must', () => {
  expect(scrolledTo(5, 0, 300, 30)).toBe(0);
  expect(scrolledTo(10, 0, 300, 30)).toBe(30);
  expect(scrolledTo(2, 300, 300, 30)).toBe(60);
});
