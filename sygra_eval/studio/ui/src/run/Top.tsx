// The top of a run's page: how it stands, its figures, and what can be done to it.
import { useState, type ReactNode } from 'react';
import { change, Refused, address } from '../api/client';
import type { Done, RunCounts, RunSnapshot } from '../api/types';
import { isGoing } from '../graph/feed';
import { Dialog } from '../parts/Dialog';
import { Problem } from '../parts/Problem';
import { RunBar } from '../parts/RunBar';
import { signOf } from '../parts/Status';
import { count, counted, duration, interval, percent, rate, seen, short, usd, usdOf } from '../format';
import { Limits } from './Limits';
import { howItEnded, meaningOf } from './states';
import { runAddress } from './useRun';

export function Top({ snapshot, counts, aside }: { snapshot: RunSnapshot; counts: RunCounts; aside?: ReactNode }) {
  return (
    <>
      <RunBar
        suite={snapshot.suite}
        run={snapshot.run}
        view="graph"
        aside={aside}
        state={
          <span className={`state state-${counts.state}`} title={meaningOf(counts.state)}>
            <span aria-hidden="true">{signOf(counts.state)}</span> {counts.state}
          </span>
        }
      >
        <Actions snapshot={snapshot} counts={counts} />
      </RunBar>
      <div className="run-top">
        <How snapshot={snapshot} counts={counts} />
        <Figures counts={counts} />
      </div>
    </>
  );
}

// What a person has to know beside the figures: why it ended, what its gates said, what of it cannot be read.
function How({ snapshot, counts }: { snapshot: RunSnapshot; counts: RunCounts }) {
  const isOver = !isGoing(counts.state);
  const notes: ReactNode[] = [];
  if (isOver || counts.state === 'draining') notes.push(<span key="how">{howItEnded(snapshot, counts.state)}</span>);
  if (counts.said) notes.push(<span key="said">{seen(counts.said)}</span>);
  for (const [at, gate] of snapshot.gates.entries()) notes.push(<span key={`gate${at}`}>{gate}</span>);
  for (const warning of snapshot.warnings) notes.push(<b key={warning}>{seen(warning)}</b>);
  if (!isOver && snapshot.control.why_not) notes.push(<span key="why">It cannot be steered from here: {snapshot.control.why_not}</span>);
  if (!counts.is_whole) notes.push(<span key="whole">Its journal is being read; counts grow until it is done.</span>);
  if (counts.damaged > 0) notes.push(<b key="damaged">{counted(counts.damaged, 'row')} of its journal cannot be read and count nowhere: <code>sygra-eval doctor</code> says more.</b>);
  if (notes.length === 0) return null;
  return <p className={`run-how ${counts.state === 'killed' || counts.state === 'unreadable' || snapshot.error ? 'is-bad' : ''}`}>{notes.flatMap((note, at) => (at === 0 ? [note] : [' · ', note]))}</p>;
}

function Figures({ counts }: { counts: RunCounts }) {
  const { outcomes, spending, pace, rows, total } = counts;
  const isOver = !isGoing(counts.state);
  return (
    <dl className="tiles">
      <Tile name="Rows" value={count(rows)} of={[total === null ? 'of unknown' : `of ${count(total)}`, ...(counts.surplus > 0 ? [`${count(counts.surplus)} behind the target`] : [])].join(' · ')}>
        <Bar name="rows" part={rows} whole={total} />
      </Tile>
      <Tile name="Verified" value={percent(counts.verified_rate)} of={counts.verified_low === null ? counted(outcomes.verified, 'row') : `95 %: ${interval(counts.verified_low, counts.verified_high)} · ${counted(outcomes.verified, 'row')}`} />
      <Tile name="Rejected" value={count(outcomes.rejected)} of={outcomes.unjudged > 0 ? `${count(outcomes.unjudged)} unjudged` : 'by validators'} />
      <Tile name="Errors" value={count(outcomes.failed)} of="failed, not judged" isBad={outcomes.failed > 0} />
      <Tile name={isOver ? 'Took' : 'Pace'} value={isOver ? duration(pace.elapsed_s) : rate(pace.rows_per_s)} of={isOver ? 'its last start' : `${counts.in_flight} in flight · ${duration(pace.left_s)} left`}>
        {spending.budget.time_s !== null && <Bar name="of the time budget" part={pace.elapsed_s} whole={spending.budget.time_s} />}
      </Tile>
      <Tile name="Spent" value={usdOf(spending.cost_usd, spending.unpriced)} of={spentOf(counts)}>
        {spending.budget.cost_usd !== null && <Bar name={`of ${usd(spending.budget.cost_usd)}`} part={spending.cost_usd} whole={spending.budget.cost_usd} />}
      </Tile>
      <Tile name="Tokens" value={short(spending.tokens)} of={`${counted(spending.calls, 'call')}${spending.from_cache > 0 ? `, ${count(spending.from_cache)} cached` : ''}`}>
        {spending.budget.tokens !== null && <Bar name={`of ${short(spending.budget.tokens)}`} part={spending.tokens} whole={spending.budget.tokens} />}
      </Tile>
    </dl>
  );
}

function spentOf({ spending, state }: RunCounts): string {
  if (spending.calls === 0) return 'no calls yet';
  const told = [];
  if (isGoing(state) && spending.all_cost_usd !== null) told.push(`all rows ≈ ${usd(spending.all_cost_usd)}`);
  if (spending.unpriced > 0) told.push(`${counted(spending.unpriced, 'call')} without a price`);
  if (spending.left_usd !== null) told.push(`${spending.unpriced > 0 ? 'at most ' : ''}${usd(spending.left_usd)} left`);
  return told.join(' · ') || 'all calls priced';
}

function Tile({ name, value, of, isBad = false, children }: { name: string; value: string; of: string; isBad?: boolean; children?: ReactNode }) {
  return (
    <div className={isBad ? 'tile is-bad' : 'tile'}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <span className="quiet" title={of}>
          {of}
        </span>
        {children}
      </dd>
    </div>
  );
}

function Bar({ name, part, whole }: { name: string; part: number; whole: number | null }) {
  if (whole === null || whole <= 0) return null;
  const share = Math.min(1, part / whole);
  return <progress className={share >= 0.9 && name !== 'rows' ? 'is-near' : ''} aria-label={name} title={`${(share * 100).toFixed(0)} % ${name}`} max={1} value={share} />;
}

function Actions({ snapshot, counts }: { snapshot: RunSnapshot; counts: RunCounts }) {
  const { control } = snapshot;
  const [open, setOpen] = useState<'kill' | 'limits' | 'command'>();
  const [busy, setBusy] = useState('');
  const [told, setTold] = useState<{ done?: string; error?: Refused }>({});
  const here = runAddress(snapshot.suite, snapshot.run);

  async function ask(what: string): Promise<void> {
    setBusy(what);
    try {
      setTold({ done: (await change<Done>('POST', address(`${here}/${what}`))).told });
    } catch (error) {
      setTold({ error: error instanceof Refused ? error : new Refused(0, 'internal', String(error)) });
    } finally {
      setBusy('');
    }
  }
  const button = (what: string, name: string, isPossible: boolean, title: string) =>
    isPossible && (
      <button type="button" disabled={busy !== ''} title={title} onClick={() => void ask(what)}>
        {busy === what ? `${name} …` : name}
      </button>
    );
  const goes = isGoing(counts.state);
  return (
    <div className="run-actions">
      {button('pause', 'Pause', control.can_pause && counts.state === 'running', 'Begin no more rows and calls')}
      {button('resume', counts.state === 'paused' ? 'Go on' : 'Resume', (control.can_pause && counts.state === 'paused') || control.can_resume, 'Go on with the rows that are left')}
      {button('stop', 'Stop after current', control.can_pause && (counts.state === 'running' || counts.state === 'paused'), 'Let what is in flight finish, then write the files')}
      {control.can_kill && goes && (
        <button type="button" className="danger" disabled={busy !== ''} onClick={() => setOpen('kill')}>
          Kill …
        </button>
      )}
      {control.can_pause && snapshot.endpoints.length > 0 && goes && (
        <button type="button" onClick={() => setOpen('limits')}>
          Limits …
        </button>
      )}
      <Copy text={snapshot.command} />
      {told.done && <output className="quiet">{told.done}</output>}
      {told.error && <Problem error={told.error} />}
      {open === 'limits' && <Limits here={here} endpoints={snapshot.endpoints} onClose={() => setOpen(undefined)} onDone={(done) => setTold({ done })} />}
      {open === 'kill' && (
        <Dialog title="Kill this run?" onClose={() => setOpen(undefined)}>
          <p>Its process ends at once. Calls in flight are paid for and lost; all that is in the journal stays, and the run can be resumed.</p>
          <p>“Stop after current” loses nothing.</p>
          <footer>
            <button type="button" onClick={() => setOpen(undefined)}>
              Let it run
            </button>
            <button type="button" className="danger" onClick={() => (setOpen(undefined), void ask('kill'))}>
              Kill it
            </button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}

export function Copy({ text, name = 'Copy command' }: { text: string; name?: string }) {
  const [said, setSaid] = useState('');
  if (!text) return null;
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Not allowed: select it by hand');
    }
    setTimeout(() => setSaid(''), 3000);
  }
  return (
    <button type="button" title={text} onClick={() => void copy()}>
      {said || name}
    </button>
  );
}
