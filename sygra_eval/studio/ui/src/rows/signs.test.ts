import { expect, test } from 'vitest';
import { dollars, seconds, seen } from './signs';

test('what cannot be seen is spelled out, and nothing else is touched', () => {
  expect(seen('a\u001b[31m\u202eb\u0000\tc\nü 漢 <b>')).toBe('a⟨U+001B⟩[31m⟨U+202E⟩b⟨U+0000⟩\tc\nü 漢 <b>');
});

test('what is unknown is a dash and never a zero', () => {
  expect([dollars(null), dollars(0), dollars(0.000123), dollars(1.5)]).toEqual(['–', '$0', '$0.00012', '$1.50']);
  expect([seconds(null), seconds(0.0012), seconds(1.25), seconds(12.4), seconds(125)]).toEqual(['–', '1 ms', '1.3 s', '12 s', '2 min 5 s']);
});
