import type { Outcomes } from '../api/types';

// How many rows of a run have ended.
export const rowsOf = (run: { outcomes: Outcomes }): number => Object.values(run.outcomes).reduce((sum, one) => sum + one, 0);
