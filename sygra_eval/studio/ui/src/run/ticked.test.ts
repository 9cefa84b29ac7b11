import { expect, test } from 'vitest';
import { comparisonHash } from './ticked';

const run = (name: string, last: string | null) => ({ suite: 's', run: name, last });

test('the run that ended first is the baseline, whatever was ticked first', () => {
  expect(comparisonHash([run('b', '2026-01-02'), run('a', '2026-01-03'), run('c', '2026-01-01')])).toBe('#/compare?a=s%2Fc&b=s%2Fb&b=s%2Fa');
});

test('one run and six are not compared', () => {
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => run(name, null));

  expect([comparisonHash(six.slice(0, 1)), comparisonHash(six)]).toEqual([undefined, undefined]);
  expect(comparisonHash(six.slice(1))).toContain('a=s%2Fb');
});
