// Has the validators judge a candidate once more, and says whether they say the same as in the run.
import { useEffect, useRef, useState } from 'react';
import { address, change, Refused } from '../api/client';
import type { JudgedAgain } from '../api/types';
import { useVersion } from '../api/version';
import { Problem } from '../parts/Problem';
import { Status } from '../parts/Status';
import '../styles/report.css';
import { LongText, type Whose } from './LongText';
import { seen } from '../format';

// Which candidate: of a round, by its place, or the final one.
export type Which = { round: number | null; attempt: number | null };
const TIMES = [1, 3, 5, 10];
const FINAL: Which = { round: null, attempt: null };

export function Again({ of, which = FINAL }: { of: Whose; which?: Which | undefined }) {
  const isReadOnly = useVersion((known) => known.version?.is_read_only ?? false);
  const [times, setTimes] = useState(5);
  const [state, setState] = useState<{ busy: boolean; found?: JudgedAgain; error?: Refused }>({ busy: false });
  const asking = useRef<AbortController>(undefined);
  useEffect(() => () => asking.current?.abort(), []);
  if (isReadOnly) return null;

  async function ask(): Promise<void> {
    const mine = new AbortController();
    asking.current = mine;
    setState({ busy: true });
    try {
      const found = await change<JudgedAgain>('POST', address(`${of.run}/verdicts`), { row: of.row, round: which.round, attempt: which.attempt, times }, {}, mine.signal);
      setState({ busy: false, found });
    } catch (error) {
      if (mine.signal.aborted) setState({ busy: false });
      else setState({ busy: false, error: error instanceof Refused ? error : new Refused(0, 'internal', String(error)) });
    }
  }
  return (
    <div className="again">
      <button type="button" data-again disabled={state.busy} title="Judge this candidate again in the sandbox (v)" onClick={() => void ask()}>
        {state.busy ? 'Judging …' : 'Run again'}
      </button>
      <label>
        <span className="quiet">times</span>{' '}
        <select value={times} disabled={state.busy} onChange={(event) => setTimes(Number(event.target.value))}>
          {TIMES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {state.busy && (
        <button type="button" onClick={() => asking.current?.abort()}>
          Cancel
        </button>
      )}
      <output className="again-told">
        {state.error && <Problem error={state.error} />}
        {state.found && <Told found={state.found} of={of} />}
      </output>
    </div>
  );
}

function Told({ found, of }: { found: JudgedAgain; of: Whose }) {
  return (
    <>
      <b className={found.validators.every((one) => one.is_stable) ? 'is-good' : 'is-bad'}>{seen(found.told)}</b>
      <ul>
        {found.validators.map((one) => (
          <li key={one.validator}>
            <b>{seen(one.validator)}</b> {one.is_stable ? 'stable' : 'not stable'}: {one.agreed} of {one.times} say <Status of={one.journalled} />
            {!one.is_stable && (
              <>
                {' '}
                now also <Status of={one.now.status} />
                <LongText text={one.now.reason} of={of} className="reason" />
              </>
            )}
            <span className="quiet">
              {' '}
              {one.now.command.length > 0 && <code>{seen(one.now.command.join(' '))}</code>} {one.now.isolation !== '' && <>in {one.now.isolation}</>}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
