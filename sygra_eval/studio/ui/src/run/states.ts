// How a run stands, in words: what its state means and what can be done.
import type { RunCounts, RunSnapshot } from '../api/types';

type State = RunCounts['state'];

const MEANS: Readonly<Record<State, string>> = {
  starting: 'its process has begun; its folder is not there yet',
  running: 'rows are being taken',
  paused: 'no new rows or calls begin until it goes on',
  draining: 'it is stopping: what is in flight finishes, then files are written',
  finished: 'all rows have ended',
  interrupted: 'it was stopped before all rows had ended, and can be resumed',
  incomplete: 'it ended early; rows are left or failed, and it can be resumed',
  killed: 'nobody works on it and nothing says how it ended; what is in its journal is kept',
  unreadable: 'its journal cannot be read',
};

export const meaningOf = (state: State): string => MEANS[state];

// How it ended, in one sentence, from what the server says of it.
export function howItEnded(snapshot: RunSnapshot, state: State): string {
  const how = [snapshot.cause, snapshot.error].filter(Boolean).join(': ') || meaningOf(state);
  return snapshot.exit_code === null ? how : `${how} · exit ${snapshot.exit_code}: ${snapshot.exit_reason}`;
}
