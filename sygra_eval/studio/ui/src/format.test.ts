import { expect, test } from 'vitest';
import { ago, counted, duration, interval, percent, rate, seen, short, usd, usdOf } from './format';

test('what is unknown is a dash and never 0', () => {
  expect([percent(null), usd(undefined), duration(null), rate(Number.NaN), interval(null, 0.5)]).toEqual(['–', '–', '–', '–', '–']);
  expect([percent(0), usd(0), rate(0)]).toEqual(['0.0 %', '$0.00', '0.0 /s']);
});

test('what some calls came to without a price is at least what is known of it', () => {
  expect([usdOf(0.5, 0), usdOf(0.5, 3), usdOf(0, 3), usdOf(0, 0)]).toEqual(['$0.50', '≥ $0.50', '–', '$0.00']);
});

test('small sums keep their digits, long times their unit', () => {
  expect([usd(0.000042), usd(0.4), usd(1234.5)]).toEqual(['$0.000042', '$0.40', '$1,234.50']);
  expect([duration(0.25), duration(9.94), duration(59.6), duration(252), duration(7_260)]).toEqual(['250 ms', '9.9 s', '1 min 0 s', '4 min 12 s', '2 h 1 min']);
  expect([rate(2.04), rate(0.5)]).toEqual(['2.0 /s', '30.0 /min']);
});

test('a number on a face is never longer than five signs, and never more than it is', () => {
  expect([0, 9_999, 10_000, 12_399, 99_999, 999_999, 1_234_567, 123_456_789, 5e9].map(short)).toEqual(['0', '9,999', '10k', '12.3k', '99.9k', '999k', '1.2M', '123M', '5G']);
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

test('what cannot be seen is spelled out, and nothing else is touched', () => {
  expect(seen('a\u001b[31m\u202eb\u0000\tc\nü 漢 <b>')).toBe('a⟨U+001B⟩[31m⟨U+202E⟩b⟨U+0000⟩\tc\nü 漢 <b>');
});
