import { count as told } from '../format';

// How a row ended and what a verdict said: a sign and a word, and a colour beside them.
const SIGNS: Readonly<Record<string, string>> = {
  verified: '✓',
  pass: '✓',
  ok: '✓',
  rejected: '✗',
  fail: '✗',
  failed: '!',
  error: '!',
  unjudged: '○',
  skip: '–',
  running: '▸',
  waiting: '…',
  starting: '…',
  paused: '‖',
  draining: '▾',
  finished: '✓',
  interrupted: '■',
  incomplete: '!',
  killed: '✗',
  unreadable: '?',
};

export const signOf = (of: string): string => SIGNS[of] ?? '·';

export function Status({ of, count }: { of: string; count?: number }) {
  return (
    <span className={`status status-${of}`}>
      <span aria-hidden="true">{signOf(of)}</span> {count !== undefined && <b>{told(count)}</b>} {of}
    </span>
  );
}
