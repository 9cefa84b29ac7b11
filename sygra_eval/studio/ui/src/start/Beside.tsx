import { address } from '../api/client';
import { useResource } from '../api/resource';
import { Status } from '../parts/Status';
import { useNow } from '../now';
import { hashOf } from '../route';
import { ago, percent, usd } from '../format';

const MOST = 8;

// The part of a run's and of a model's card that is shown here.
type Run = { suite: string; run: string; state: string; last: string | null; verified_rate: number | null; cost_usd: number | null };
type Model = { name: string; file: string; provider: string; model: string; key: { name: string; is_set: boolean | null }; problems: Array<{ severity: string }>; last_test: { state: string; headline: string } | null };

export function Recent() {
  const runs = useResource<Run[]>(address('runs'));
  const now = useNow();
  return (
    <section aria-labelledby="recent">
      <h2 id="recent">Recent runs</h2>
      {runs.isLoading && <p className="quiet">Looking …</p>}
      {runs.error && <p className="quiet">They cannot be listed: {runs.error.message}</p>}
      {runs.value?.length === 0 && (
        <p className="quiet">
          None yet. A run of the command line is seen here too: <code>sygra-eval run SUITE</code>
        </p>
      )}
      <ul className="lines">
        {runs.value?.slice(0, MOST).map((run) => (
          <li key={`${run.suite}/${run.run}`}>
            <a href={hashOf(['runs', run.suite, run.run])}>{run.suite}</a>
            <Status of={run.state} />
            <span className="quiet">
              <code className="run-name">{run.run}</code>
              {ago(run.last, now)} · {percent(run.verified_rate)} verified · {usd(run.cost_usd)}
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
