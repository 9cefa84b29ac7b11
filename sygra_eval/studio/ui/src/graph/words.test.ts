import { expect, test } from 'vitest';
import { NOTHING } from './live';
import { labelOf } from './words';

test('a label says kind, name, model, state and every count', () => {
  const node = { id: 'a', name: 'solve', kind: 'llm', model: 'author', box: undefined, step: undefined, note: undefined };

  expect(labelOf(node, undefined)).toBe('model solve; model author; idle');
  expect(labelOf(node, { counts: { ...NOTHING, running: 2, ok: 5 }, guardrails: { blocked: 1 } })).toBe(
    'model solve; model author; running; 0 waiting, 2 running, 5 ok, 0 failed; guardrail blocked 1',
  );
});
