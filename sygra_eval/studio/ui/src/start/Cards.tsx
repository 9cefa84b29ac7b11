import type { Rate, RunCard, SuiteCard } from '../api/types';
import { Status } from '../parts/Status';
import { useNow } from '../now';
import { hashOf } from '../route';
import { UNKNOWN, ago, count, counted, percent, usd } from '../format';
import { rowsOf } from '../run/outcomes';

export function Cards({ suites }: { suites: SuiteCard[] }) {
  return (
    <ul className="cards">
      {suites.map((suite) => (
        <li key={suite.path} className="card suite-card">
          <div className="suite-name">
            <h2>
              <a href={hashOf(['suites', suite.path])}>{suite.name}</a>
            </h2>
            <Problems suite={suite} />
          </div>
          <p className="suite-about">{suite.description || <span className="quiet">No description</span>}</p>
          <p className="quiet suite-facts">
            <code title={suite.path}>{suite.path}</code>
            <span>{suite.nodes.length > 0 ? counted(suite.nodes.length, 'node') : 'judges rows that exist'}</span>
            {suite.models.length > 0 && <span>{counted(suite.models.length, 'model')}</span>}
          </p>
          <Last run={suite.last_run} />
        </li>
      ))}
    </ul>
  );
}

function Problems({ suite }: { suite: SuiteCard }) {
  if (suite.errors === null) return <span className="status">{suite.is_local && !suite.is_checked ? '… looking' : '○ not looked at'}</span>;
  if (suite.errors > 0) return <span className="status status-fail">✗ {counted(suite.errors, 'error')}</span>;
  if (suite.warnings) return <span className="status status-warn">! {counted(suite.warnings, 'warning')}</span>;
  return <span className="status status-pass">✓ fit to run</span>;
}

function Last({ run }: { run: RunCard | null }) {
  const now = useNow();
  if (run === null) return <p className="suite-last quiet">Not run yet</p>;
  return (
    <div className="suite-last">
      <Verified rate={run.verified_rate} verified={run.outcomes.verified} rows={rowsOf(run)} />
      <p className="quiet suite-facts">
        <Status of={run.state} />
        <a href={hashOf(['runs', run.suite, run.run])}>{ago(run.last, now)}</a>
        <span title="What the last run cost">{usd(run.cost_usd)}</span>
      </p>
    </div>
  );
}

// The rate with its 95 % interval, as a point on a line and in words.
function Verified({ rate, verified, rows }: { rate: Rate | null; verified: number; rows: number }) {
  if (rate === null) return <p className="rate quiet">verified {UNKNOWN}</p>;
  const at = (share: number) => `${Math.min(100, Math.max(0, share * 100))}%`;
  return (
    <div className="rate">
      <span className="rate-said">
        <b>{percent(rate.value)}</b> verified{' '}
        <span className="quiet">
          {percent(rate.low)} – {percent(rate.high)} · {count(verified)} of {count(rows)}
        </span>
      </span>
      <span className="rate-line" aria-hidden="true">
        <span className="rate-interval" style={{ left: at(rate.low), width: at(rate.high - rate.low) }} />
        <span className="rate-point" style={{ left: at(rate.value) }} />
      </span>
    </div>
  );
}
