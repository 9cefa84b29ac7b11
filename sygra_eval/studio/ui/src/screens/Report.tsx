// S9: what came of a run, drawn of the report's own data: the figures of `sygra-eval report`, each a way to its rows.
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { RunCard } from '../api/types';
import { Problem } from '../parts/Problem';
import { Ticked } from '../parts/Ticked';
import type { ReportDocument } from '../report/document';
import { Agreements, ByRound, Causes, Costs, Funnel, Gates, Guardrails, Latency, Loops, Outcomes, Validators } from '../report/Sections';
import { go, hashOf, type Route } from '../route';
import { count, duration, interval, percent, seen, usd } from '../format';
import { RunBar } from '../parts/RunBar';
import '../styles/run.css';
import '../styles/report.css';

const FILES: Array<[format: string, name: string]> = [
  ['html', 'HTML page'],
  ['markdown', 'Markdown'],
  ['json', 'JSON'],
  ['csv', 'CSV of rows'],
];

export default function Report({ route }: { route: Route }) {
  const [, suite = '', run = ''] = route.parts;
  const here = `runs/${encodeURIComponent(suite)}/${encodeURIComponent(run)}`;
  const { value: report, error, again } = useResource<ReportDocument>(address(`${here}/report`));
  return (
    <section className="rp">
      <RunBar suite={suite} run={run} view="report">
        <CompareWith suite={suite} run={run} />
        {FILES.map(([format, name]) => (
          <a key={format} className="button" href={address(`${here}/report/file`, { format })} download>
            <span aria-hidden="true">↓</span> {name}
          </a>
        ))}
      </RunBar>
      {error && (
        <div className="screen">
          <Problem error={error} again={again} />
        </div>
      )}
      {!report && !error && <p className="loading">Adding up the run …</p>}
      {report && <Body report={report} to={(filters) => hashOf(['runs', suite, run, 'rows'], filters)} />}
    </section>
  );
}

function Body({ report, to }: { report: ReportDocument; to: (filters: Record<string, string>) => string }) {
  const of = { report, to };
  const rate = report.verified_rate;
  return (
    <div className="rp-body">
      {report.state !== 'finished' && <p className="run-how">This run is {report.state}: these are the figures so far, not a result.</p>}
      {report.exit_reason !== '' && <p className="rp-note">{seen(report.exit_reason)}</p>}
      <dl className="tiles">
        <Tile name="Verified" value={percent(rate.value)} of={rate.value === null ? (rate.reason ?? '') : `95 %: ${interval(rate.lower, rate.upper)}`} />
        <Tile name="Verified rows" value={count(rate.k ?? null)} of={`of ${count(rate.n ?? 0)} that ended`} />
        <Tile name="Rows" value={count(report.rows.value)} of={report.not_reached.value ? `${count(report.not_reached.value)} not reached` : 'all reached'} />
        <Tile name="A verified row costs" value={usd(report.usd_per_verified_row.value)} of={report.usd_per_verified_row.reason ?? 'of all that was spent'} />
        <Tile name="Spent" value={usd(report.spent.cost_usd.value)} of={report.spent.cost_usd.reason ?? `${count(report.calls.value)} calls`} />
        <Tile name="Took" value={duration(report.time.wall_s.value)} of="by the clock" />
      </dl>
      {report.warnings.length > 0 && (
        <ul className="rp-warnings" aria-label="Warnings">
          {report.warnings.map((one) => (
            <li key={one}>
              <Ticked text={seen(one)} />
            </li>
          ))}
        </ul>
      )}
      <div className="rp-grid">
        <div className="rp-stack">
          <Outcomes {...of} />
          <Causes {...of} />
          <Loops {...of} />
        </div>
        <div className="rp-stack">
          <Gates {...of} />
          <Funnel {...of} />
          <Guardrails {...of} />
        </div>
        <div className="rp-wide">
          <ByRound {...of} />
        </div>
        <div className="rp-wide">
          <Validators {...of} />
        </div>
        <div className="rp-wide">
          <Agreements {...of} />
        </div>
        <div className="rp-wide">
          <Costs {...of} />
        </div>
        <div className="rp-wide">
          <Latency {...of} />
        </div>
      </div>
    </div>
  );
}

function Tile({ name, value, of }: { name: string; value: string; of: string }) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <span className="quiet">{of}</span>
      </dd>
    </div>
  );
}

// Another run of the suite to stand beside this one; the older one is the one before.
function CompareWith({ suite, run }: { suite: string; run: string }) {
  const { value: runs } = useResource<RunCard[]>(address('runs'));
  const others = (runs ?? []).filter((one) => one.suite === suite && one.run !== run && one.error === '');
  if (others.length === 0) return null;
  return (
    <select aria-label="Compare with another run" value="" onChange={(event) => go(['compare'], { a: `${suite}/${event.target.value}`, b: `${suite}/${run}` })}>
      <option value="">Compare with …</option>
      {others.map((one) => (
        <option key={one.run} value={one.run}>
          {one.run} ({percent(one.verified_rate?.value)} verified)
        </option>
      ))}
    </select>
  );
}
