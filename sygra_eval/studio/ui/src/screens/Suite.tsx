// A suite to look at: its graph, what is wrong with it, its text and its runs; a run is started from here.
import '../styles/run.css';
import '../styles/runbar.css';
import '../styles/suite.css';
import { useCallback, useMemo, useState } from 'react';
import { address } from '../api/client';
import { useTopic } from '../api/events';
import { useResource } from '../api/resource';
import type { RunCard, SuiteDocument, Version } from '../api/types';
import { drawingOf } from '../graph/drawing';
import { GraphView } from '../graph/GraphView';
import { Outline } from '../graph/Outline';
import { Connection } from '../parts/Connection';
import { Problem } from '../parts/Problem';
import { useTitle } from '../parts/RunBar';
import { Ticked } from '../parts/Ticked';
import { signOf, Status } from '../parts/Status';
import { go, hashOf, type Route } from '../route';
import { count, counted, interval, percent, usd } from '../format';
import { rowsOf } from '../run/outcomes';
import { CompareTicked, Tick, useTicks } from '../run/Ticks';
import { Source } from '../suite/Source';
import { StartDialog } from '../suite/StartDialog';

export default function Suite({ route }: { route: Route }) {
  const path = route.parts[1] ?? '';
  return <OfSuite key={path} path={path} isStarting={route.query.get('start') === '1'} view={route.query.get('view') ?? ''} />;
}

function OfSuite({ path, isStarting, view }: { path: string; isStarting: boolean; view: string }) {
  const suite = useResource<SuiteDocument>(address(`suites/${path.split('/').map(encodeURIComponent).join('/')}`));
  const runs = useResource<RunCard[]>(address('runs'));
  const version = useResource<Version>(address('version'));
  useTitle(suite.value?.name ?? path);
  useTopic('runs', runs.again);
  const [chosen, setChosen] = useState<string>();
  const [line, setLine] = useState<{ number: number }>();
  const show = (query: Record<string, string | undefined>) => go(['suites', path], { view: view || undefined, ...query }, true);
  const close = useCallback(() => go(['suites', path], { view: view || undefined }, true), [path, view]);
  const document_ = suite.value;
  const drawing = useMemo(() => document_ && (document_.graph !== null || document_.validators.length > 0 ? drawingOf(document_.graph, document_.validators) : undefined), [document_]);
  const its = useMemo(() => (runs.value ?? []).filter((run) => run.suite === document_?.name), [runs.value, document_]);

  function choose(id: string | undefined): void {
    setChosen(id);
    const at = document_?.graph?.nodes.find((node) => node.name === id?.split(/[:/]/)[0])?.line;
    if (at) setLine({ number: at });
  }
  if (suite.error && !document_)
    return (
      <section className="screen">
        <h1>{path}</h1>
        <Problem error={suite.error} again={suite.again} />
      </section>
    );
  if (!document_) return <p className="loading">Reading the suite …</p>;
  const errors = document_.problems.filter((one) => one.severity === 'error').length;
  return (
    <section className="suite">
      <Connection />
      <header className="suite-top">
        <div>
          <nav aria-label="Where this is">
            <ol className="crumbs">
              <li>
                <a href="#/">Start</a>
              </li>
              <li>
                <h1>{document_.name}</h1>
              </li>
            </ol>
          </nav>
          <p className="quiet">
            <code>{document_.path}</code>
            {document_.description && ` · ${document_.description}`}
          </p>
        </div>
        <button type="button" className="primary" disabled={version.value?.is_read_only} title={version.value?.is_read_only ? 'This Studio is read-only' : undefined} onClick={() => show({ start: '1' })}>
          Start a run …
        </button>
      </header>
      {suite.error && <Problem error={suite.error} again={suite.again} />}
      <div className="suite-body">
        <div className="suite-main">
          <section className="suite-graph" aria-label="Graph">
            <div className="section-bar">
              <h2>Graph</h2>
              <button type="button" aria-pressed={view !== 'outline'} onClick={() => show({ view: undefined })}>
                Graph
              </button>
              <button type="button" aria-pressed={view === 'outline'} onClick={() => show({ view: 'outline' })}>
                Outline
              </button>
            </div>
            <div className="suite-canvas">
              {!drawing && <p className="loading">{errors > 0 ? 'It is too broken to be drawn; what is wrong stands beside.' : 'It has neither a graph nor validators.'}</p>}
              {drawing && view === 'outline' && <Outline drawing={drawing} live={undefined} chosen={chosen} onChoose={choose} />}
              {drawing && view !== 'outline' && <GraphView drawing={drawing} live={undefined} chosen={chosen} onChoose={choose} />}
            </div>
          </section>
          <section aria-label="File" className="suite-text">
            <div className="section-bar">
              <h2>File</h2>
              <span className="quiet">sha256 {document_.sha256.slice(0, 12)}</span>
            </div>
            <Source text={document_.text} problems={document_.problems} line={line} />
          </section>
        </div>
        <aside className="suite-side" aria-label="About this suite">
          <Problems suite={document_} onLine={(number) => setLine({ number })} />
          <Runs runs={its} error={runs.error} isLoading={runs.isLoading} again={runs.again} />
          <Models suite={document_} />
        </aside>
      </div>
      {isStarting && <StartDialog suite={document_} runs={its} onClose={close} />}
    </section>
  );
}

function Problems({ suite, onLine }: { suite: SuiteDocument; onLine: (line: number) => void }) {
  return (
    <section>
      <h2>Problems {suite.problems.length > 0 && <span className="quiet">{suite.problems.length}</span>}</h2>
      {suite.needs_trust && <p className="note">It has code of its own that nobody has trusted yet. <a href="#/settings">Look at it and trust it</a>; until then what it names is unknown.</p>}
      {suite.problems.length === 0 && <p className="quiet">None: <code>sygra-eval check</code> finds nothing wrong.</p>}
      <ul className="problems">
        {suite.problems.map((problem, at) => (
          <li key={at}>
            <div>
              <Status of={problem.severity} />{' '}
              <button type="button" className="link" onClick={() => onLine(problem.line)}>
                line {problem.line}
              </button>{' '}
              <code className="quiet">{problem.code}</code>
            </div>
            <p>
              <Ticked text={problem.message} />
            </p>
            {problem.fix && (
              <p className="fix">
                fix: <Ticked text={problem.fix} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Runs({ runs, error, isLoading, again }: { runs: RunCard[]; error: Parameters<typeof Problem>[0]['error'] | undefined; isLoading: boolean; again: () => void }) {
  const ticks = useTicks(runs);
  return (
    <section>
      <h2>Runs {runs.length > 0 && <span className="quiet">{runs.length}</span>}</h2>
      {error && <Problem error={error} again={again} />}
      {!error && runs.length === 0 && <p className="quiet">{isLoading ? 'Reading …' : 'None yet. The first ten rows cost little and say much.'}</p>}
      <CompareTicked ticks={ticks} />
      {runs.length > 0 && (
        <table className="small runs">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col" className="number">Rows</th>
              <th scope="col" className="number">Verified</th>
              <th scope="col" className="number">Cost</th>
            </tr>
          </thead>
          <tbody>
            {runs.slice(0, 50).map((run) => (
              <tr key={run.run}>
                <th scope="row">
                  <Tick run={run} ticks={ticks} />{' '}
                  <span className={`state-sign state-sign-${run.state}`} title={run.state}>
                    <span aria-hidden="true">{signOf(run.state)}</span>
                    <span className="unseen">{run.state}</span>
                  </span>{' '}
                  <a href={hashOf(['runs', run.suite, run.run])}>{run.run}</a>
                </th>
                <td className="number">{count(rowsOf(run))}</td>
                <td className="number" title={run.verified_rate ? `95 %: ${interval(run.verified_rate.low, run.verified_rate.high)}` : undefined}>
                  {percent(run.verified_rate?.value)}
                </td>
                <td className="number">{usd(run.cost_usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {runs.length > 50 && <p className="quiet">{counted(runs.length - 50, 'older run')} not shown.</p>}
    </section>
  );
}

function Models({ suite }: { suite: SuiteDocument }) {
  if (suite.models.length === 0) return null;
  return (
    <section>
      <h2>Models</h2>
      <table className="small">
        <tbody>
          {suite.models.map((model) => (
            <tr key={model.name}>
              <th scope="row">{model.name}</th>
              <td>
                {[model.kind, model.model].filter(Boolean).join(' · ')}
                {model.address && (
                  <>
                    <br />
                    <span className="quiet">{model.address}</span>
                  </>
                )}
                {model.key_name && (
                  <>
                    <br />
                    <span className="quiet">
                      key <code>{model.key_name}</code>
                    </span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
