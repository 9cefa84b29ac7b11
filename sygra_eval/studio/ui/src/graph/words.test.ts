import { expect, test } from 'vitest';
import { NOTHING } from './live';
import { labelOf, short } from './words';

test('a label says kind, name, model, state and every count', () => {
  const node = { id: 'a', name: 'solve', kind: 'llm', model: 'author', box: undefined, step: undefined, note: undefined };

  expect(labelOf(node, undefined)).toBe('model solve; model author; idle');
  expect(labelOf(node, { counts: { ...NOTHING, running: 2, ok: 5 }, guardrails: { blocked: 1 } })).toBe(
    'model solve; model author; running; 0 waiting, 2 running, 5 ok, 0 failed; guardrail blocked 1',
  );
});

test('a number on a face is never longer than five signs, and never more than it is', () => {
  expect([0, 9_999, 10_000, 12_399, 99_999, 999_999, 1_234_567, 123_456_789].map(short)).toEqual(['0', '9,999', '10k', '12.3k', '99.9k', '999k', '1.2M', '123M']);
});
