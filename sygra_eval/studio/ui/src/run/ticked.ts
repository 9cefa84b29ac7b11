// Runs that are ticked in a list, to be compared.
import type { RunCard } from '../api/types';
import { hashOf } from '../route';
import { MOST_RUNS } from '../report/comparison';

export type Named = Pick<RunCard, 'suite' | 'run' | 'last'>;

export const nameOf = (run: Named): string => `${run.suite}/${run.run}`;

// The one that ended first is what the others are compared with; another can be made it on the page.
export function comparisonHash(runs: Named[]): string | undefined {
  if (runs.length < 2 || runs.length > MOST_RUNS) return undefined;
  const [first, ...others] = [...runs].sort((one, other) => (one.last ?? '').localeCompare(other.last ?? '') || one.run.localeCompare(other.run)).map(nameOf);
  return hashOf(['compare'], { a: first, b: others });
}
