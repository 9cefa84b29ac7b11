import { useMemo } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { RunCard } from '../api/types';
import { Status } from '../parts/Status';
import { useNow } from '../now';
import { CompareTicked, Tick, useTicks } from '../run/Ticks';
import { hashOf } from '../route';
import { ago, percent, seen, usd } from '../format';

const MOST = 8;

// The part of a model's card that is shown here.
type Model = { name: string; file: string; provider: string; model: string; key: { name: string; is_set: boolean | null }; problems: Array<{ severity: string }>; last_test: { state: string; headline: string } | null };

export function Recent() {
  const runs = useResource<RunCard[]>(address('runs'));
  const now = useNow();
  const listed = useMemo(() => runs.value?.slice(0, MOST), [runs.value]);
  const ticks = useTicks(listed);
  return (
    <section aria-labelledby="recent">
      <h2 id="recent">Recent runs</h2>
      <CompareTicked ticks={ticks} />
      {runs.isLoading && <p className="quiet">Looking …</p>}
      {runs.error && <p className="quiet">They cannot be listed: {runs.error.message}</p>}
      {runs.value?.length === 0 && (
        <p className="quiet">
          None yet. A run of the command line is seen here too: <code>sygra-eval run SUITE</code>
        </p>
      )}
      <ul className="lines">
        {listed?.map((run) => (
          <li key={`${run.suite}/${run.run}`} className="run-line">
            <Tick run={run} ticks={ticks} />
            <a href={hashOf(['runs', run.suite, run.run])}>{run.suite}</a>
            <Status of={run.state} />
            <span className="quiet">
              <code className="run-name">{seen(run.run)}</code>
              {ago(run.last, now)} · {percent(run.verified_rate?.value)} verified · {usd(run.cost_usd)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function RunModels() {
  const told = useResource<{ models: Model[] }>(address('models'));
  return (
    <section aria-labelledby="models">
      <h2 id="models">
        Models <a href="#/models">all</a>
      </h2>
      {told.isLoading && <p className="quiet">Looking …</p>}
      {told.error && <p className="quiet">They cannot be listed: {told.error.message}</p>}
      {told.value?.models.length === 0 && (
        <p className="quiet">
          No suite names one yet. <a href="#/models">Add a model.</a>
        </p>
      )}
      <ul className="lines">
        {told.value?.models.slice(0, MOST).map((model) => (
          <li key={`${model.file} ${model.name}`}>
            <span>{model.name}</span>
            <ModelState model={model} />
            <span className="quiet">
              {model.model || model.provider} · <code>{model.file}</code>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ModelState({ model }: { model: Model }) {
  if (model.problems.some((problem) => problem.severity === 'error')) return <span className="status status-fail">✗ cannot be used</span>;
  if (model.key?.name && model.key.is_set === false) return <span className="status status-warn">! key not set</span>;
  if (model.last_test?.state === 'failed') return <span className="status status-fail">✗ {model.last_test.headline || 'test failed'}</span>;
  if (model.last_test?.state === 'done') return <span className="status status-pass">✓ {model.last_test.headline || 'tested'}</span>;
  return <span className="status">○ not tested</span>;
}
