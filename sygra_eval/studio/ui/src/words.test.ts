import { expect, test } from 'vitest';
import { themeOf } from './theme';
import { ago, counted, percent, usd } from './words';

test('what is unknown is a dash and what is nothing is 0', () => {
  expect([percent(null), usd(null), ago(null, 0), ago('no time', 0)]).toEqual(['–', '–', '–', '–']);
  expect([percent(0), usd(0)]).toEqual(['0 %', '$0']);
});

test('a cost that is there is not shown as none', () => {
  expect([usd(0.0004), usd(0.126), usd(1234.5)]).toEqual(['< $0.01', '$0.13', '$1,234.50']);
});

test('times are told by the largest unit that fits', () => {
  const now = Date.parse('2026-11-26T12:00:00Z');

  expect(['2026-11-26T11:59:40Z', '2026-11-26T11:30:00Z', '2026-11-25T12:00:00Z', '2025-06-01T00:00:00Z'].map((when) => ago(when, now))).toEqual([
    'just now',
    '30 minutes ago',
    'yesterday',
    'last year',
  ]);
});

test('one is told as one', () => {
  expect([counted(1, 'node'), counted(2, 'node'), counted(1200, 'row')]).toEqual(['1 node', '2 nodes', '1,200 rows']);
});

test('a kept theme that is none is the system one', () => {
  expect([null, 'dark', 'light', 'blue', '"><script>'].map(themeOf)).toEqual(['system', 'dark', 'light', 'system', 'system']);
});
