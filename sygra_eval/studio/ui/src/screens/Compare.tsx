// S8: two runs of a suite, row by row: a paired test, what a verified row costs in each, and the rows that turned.
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { RunCard } from '../api/types';
import { Problem } from '../parts/Problem';
import { Lines, Part } from '../report/Parts';
import { CHANGES, figure, pairs, probability, signed, type Change, type Comparison, type Flip, type Side } from '../report/comparison';
import { go, hashOf, type Route } from '../route';
import { count, counted, duration, percent, seen, usd } from '../format';
import '../styles/run.css';
import '../styles/report.css';

export default function Compare({ route }: { route: Route }) {
  const a = route.query.get('a') ?? '';
  const b = route.query.get('b') ?? '';
  const isAsked = a !== '' && b !== '' && a !== b;
  const { value: found, error, again, isLoading } = useResource<Comparison>(isAsked ? address('compare', { a, b }) : undefined);
  const { value: runs } = useResource<RunCard[]>(address('runs'));
  const names = [...new Set([a, b, ...(runs ?? []).map((one) => `${one.suite}/${one.run}`)])].filter((one) => one !== '');
  const choice = (label: string, value: string, choose: (next: string) => void) => (
    <label className="rp-choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.target.value)}>
        <option value="">choose a run</option>
        {names.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
  return (
    <section className="rp">
      <header className="rp-top">
        <h1>Compare two runs</h1>
        <div className="rp-actions">
          {choice('Before', a, (next) => go(['compare'], { a: next, b }))}
          {choice('After', b, (next) => go(['compare'], { a, b: next }))}
          <button type="button" disabled={!isAsked} onClick={() => go(['compare'], { a: b, b: a })}>
            Swap
          </button>
        </div>
      </header>
      <div className="rp-body">
        {!isAsked && <p className="quiet">{a !== '' && a === b ? 'A run is not compared with itself: choose another one.' : 'Choose two runs whose rows have the same ids. Rows are matched by id, and one whose input changed is compared nowhere.'}</p>}
        {error && <Problem error={error} again={again} />}
        {isLoading && <p className="loading">Matching rows …</p>}
        {found && <Found found={found} a={a} b={b} />}
      </div>
    </section>
  );
}

function Found({ found, a, b }: { found: Comparison; a: string; b: string }) {
  const metrics = Object.entries(found.metrics).map(([name, change]) => ({ name, ...change }));
  const turned = metrics.filter((one) => CHANGES.some(([kind]) => one[kind].length > 0));
  return (
    <>
      <p className={found.regressions.length > 0 ? 'run-how is-bad' : 'run-how'}>
        {found.regressions.length > 0 ? `Worse: ${found.regressions.join(', ')}.` : 'No regression was shown.'} {counted(found.matched, 'row')} matched by id
        {found.changed_input.length > 0 && `, ${counted(found.changed_input.length, 'row')} with a changed input compared nowhere`}
        {found.only_before > 0 && `, ${count(found.only_before)} only before`}
        {found.only_after > 0 && `, ${count(found.only_after)} only after`}.
      </p>
      {found.notes.map((note) => (
        <p key={note} className="rp-note">
          {seen(note)}
        </p>
      ))}
      <div className="rp-grid">
        <div className="rp-wide">
          <Part title="What changed" note={`Bounds of ${((1 - found.alpha) * 100).toFixed(0)} %; p is corrected for the number of tests (Holm).`}>
            <Lines
              title="Metrics"
              lines={metrics}
              columns={[
                { name: 'Metric', cell: (one) => one.name },
                { name: 'Pairs', isNumber: true, cell: (one) => count(one.n) },
                { name: 'Before', isNumber: true, cell: (one) => figure(one, one.before) },
                { name: 'After', isNumber: true, cell: (one) => figure(one, one.after) },
                { name: 'Change', isNumber: true, cell: (one) => signed(one, one.change) },
                { name: 'Bounds', isNumber: true, cell: (one) => (one.low === null ? '–' : `${signed(one, one.low)} – ${signed(one, one.high)}`) },
                { name: 'p', isNumber: true, cell: (one) => probability(one.p_holm) },
                { name: 'Test', cell: (one) => one.test ?? '–' },
                { name: 'Verdict', cell: (one) => <Verdict of={one} /> },
              ]}
            />
          </Part>
        </div>
        <Sides before={found.before} after={found.after} />
        <Pairs metrics={metrics} />
        <div className="rp-wide">
          <Part title="Rows that turned" note={turned.length === 0 ? 'No row turned from one side to the other.' : undefined}>
            {turned.map((one) => (
              <Turned key={one.name} name={one.name} change={one} a={a} b={b} />
            ))}
          </Part>
        </div>
      </div>
    </>
  );
}

const SIGNS: Record<string, string> = { better: '▲', worse: '▼', equivalent: '=', 'no evidence': '?' };

function Verdict({ of }: { of: Change }) {
  if (of.verdict === null) return <span className="quiet">{seen(of.why_none ?? '–')}</span>;
  const kind = of.verdict === 'better' ? 'pass' : of.verdict === 'worse' ? 'fail' : 'skip';
  return (
    <span className={`status status-${kind}`}>
      <span aria-hidden="true">{SIGNS[of.verdict] ?? '·'}</span> {of.verdict}
    </span>
  );
}

function Sides({ before, after }: { before: Side; after: Side }) {
  const lines: Array<[string, (side: Side) => string]> = [
    ['Rows', (side) => count(side.rows)],
    ['Verified', (side) => count(side.verified)],
    ['Cost of a verified row', (side) => usd(side.cost_per_verified_row)],
    ['Tokens of a verified row', (side) => count(side.tokens_per_verified_row)],
    ['Model time of a verified row', (side) => duration(side.seconds_per_verified_row)],
  ];
  return (
    <Part title="For each verified row" note={before.suite_sha256 === after.suite_sha256 ? 'Both runs are of the very same suite.' : 'The suite was changed between the two.'}>
      <Lines
        title="Sides"
        lines={lines}
        columns={[
          { name: 'Figure', cell: ([name]) => name },
          { name: 'Before', isNumber: true, cell: ([, told]) => told(before) },
          { name: 'After', isNumber: true, cell: ([, told]) => told(after) },
        ]}
      />
    </Part>
  );
}

function Pairs({ metrics }: { metrics: Array<{ name: string } & Change> }) {
  const rates = metrics.filter((one) => one.kind === 'rate' && one.before !== null);
  if (rates.length === 0) return null;
  return (
    <Part title="Pass and fail, in pairs" note="Errors are in none of the four.">
      <Lines
        title="Pairs"
        lines={rates.map((one) => ({ name: one.name, ...pairs(one) }))}
        columns={[
          { name: 'Metric', cell: (one) => one.name },
          { name: 'Fixed', isNumber: true, cell: (one) => count(one.fixed) },
          { name: 'Broken', isNumber: true, cell: (one) => count(one.broken) },
          { name: 'Both pass', isNumber: true, cell: (one) => count(one.both) },
          { name: 'Neither', isNumber: true, cell: (one) => count(one.neither) },
        ]}
      />
    </Part>
  );
}

const MOST = 50;

function Turned({ name, change, a, b }: { name: string; change: Change; a: string; b: string }) {
  const lines = CHANGES.flatMap(([kind, told]) => change[kind].map((flip) => ({ ...flip, told })));
  const open = (run: string, flip: Flip) => hashOf(['runs', ...run.split('/'), 'row'], { id: flip.id });
  return (
    <>
      <h3>{name}</h3>
      <Lines
        title={`Rows of ${name} that turned`}
        lines={lines.slice(0, MOST)}
        columns={[
          { name: 'Row', cell: (one) => <code>{seen(one.id)}</code> },
          { name: 'Turned', cell: (one) => <span className={one.told === 'fixed' ? 'is-good' : 'is-bad'}>{one.told}</span> },
          { name: 'Before', cell: (one) => <a href={open(a, one)}>{seen(one.before)}</a> },
          { name: 'After', cell: (one) => <a href={open(b, one)}>{seen(one.after)}</a> },
        ]}
      />
      {lines.length > MOST && <p className="quiet">{count(lines.length - MOST)} more; `sygra-eval compare` with `--json` lists all. Verified now: {percent(change.after)}.</p>}
    </>
  );
}
