// How a row ended and what a verdict said: a sign and a word, and a colour beside them.
const SIGNS: Record<string, string> = {
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

export function Status({ of, count }: { of: string; count?: number }) {
  return (
    <span className={`status status-${of}`}>
      <span aria-hidden="true">{SIGNS[of] ?? '·'}</span> {count !== undefined && <b>{count.toLocaleString('en')}</b>} {of}
    </span>
  );
}
