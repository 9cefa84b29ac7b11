import { expect, test } from 'vitest';
import type { SuiteCard } from '../api/types';
import { freeName, isStillChecked, matching } from './choosing';

const suite = (name: string, more: Partial<SuiteCard> = {}): SuiteCard => ({
  path: `sub/${name}.yaml`,
  name,
  description: '',
  nodes: [],
  models: [],
  errors: 0,
  warnings: 0,
  is_checked: true,
  is_local: true,
  last_run: null,
  ...more,
});

test('each word that is sought has to be somewhere in a suite', () => {
  const suites = [suite('code_assistant', { description: 'Python questions' }), suite('judge')];

  expect(matching(suites, 'python CODE').map((one) => one.name)).toEqual(['code_assistant']);
  expect(matching(suites, 'sub/').length).toBe(2);
  expect(matching(suites, ' ').length).toBe(2);
});

test('a suite whose rows are elsewhere is not waited for', () => {
  expect(isStillChecked([suite('a', { is_checked: false })])).toBe(true);
  expect(isStillChecked([suite('a', { is_checked: false, is_local: false }), suite('b')])).toBe(false);
});

test('a name that is taken gets a number', () => {
  const taken = [
    { name: 'a', path: 'a.yaml' },
    { name: 'other', path: 'a_2.yaml' },
  ];

  expect([freeName('a', taken), freeName('b', taken)]).toEqual(['a_3', 'b']);
});
