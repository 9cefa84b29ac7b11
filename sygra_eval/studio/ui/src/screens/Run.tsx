// S5: a run while it goes, and after: the same page with its last figures and how it ended. All of it is the snapshot
// and the events, so a reload loses nothing but the text that was being written.
import '../styles/run.css';
import { useState } from 'react';
import { Announced } from '../graph/Announced';
import { GraphView } from '../graph/GraphView';
import { Outline } from '../graph/Outline';
import { atWork } from '../graph/words';
import { Connection } from '../parts/Connection';
import { Problem } from '../parts/Problem';
import { RunBar } from '../parts/RunBar';
import { go, hashOf, type Route } from '../route';
import { count, counted } from '../format';
import { Panel } from '../run/Panel';
import type { RunPage } from '../run/state';
import { Top } from '../run/Top';
import { useRun } from '../run/useRun';

export default function Run({ route }: { route: Route }) {
  const [, suite = '', run = ''] = route.parts;
  return <OfRun key={`${suite}/${run}`} suite={suite} run={run} view={route.query.get('view') === 'outline' ? 'outline' : 'graph'} chosen={route.query.get('node') ?? undefined} />;
}

function OfRun({ suite, run, view, chosen }: { suite: string; run: string; view: 'graph' | 'outline'; chosen: string | undefined }) {
  const { page, error, drawing, live, again } = useRun(suite, run);
  const [isWide, setIsWide] = useState(false);
  const show = (next: { view?: string | undefined; node?: string | undefined }) => go(['runs', suite, run], { view: view === 'outline' ? 'outline' : undefined, node: chosen, ...next }, true);
  const choose = (id: string | undefined) => show({ node: id });
  if (page?.isGone || (error && !page)) return <NotShown suite={suite} run={run} error={error} again={again} />;
  if (!page) return <p className="loading">Reading the run …</p>;
  return (
    <section className="run">
      <Connection />
      <Top
        snapshot={page.snapshot}
        counts={page.counts}
        aside={
          <>
          <a className="button" href={hashOf(['compare'], { b: `${suite}/${run}` })}>
            Compare with …
          </a>
          <button type="button" aria-pressed={view === 'graph'} onClick={() => show({ view: undefined })}>
            Graph
          </button>
          <button type="button" aria-pressed={view === 'outline'} onClick={() => show({ view: 'outline' })}>
            Outline
          </button>
          <button type="button" aria-pressed={isWide} onClick={() => setIsWide(!isWide)}>
            Wide
          </button>
          </>
        }
      />
      {error && <Problem error={error} again={again} />}
      {page.refused && <p className="run-how is-bad at-edge">{page.refused}</p>}
      <div className={isWide ? 'run-body is-wide' : 'run-body'}>
        <div className="run-graph">
          {!drawing ? <p className="loading">{page.counts.state === 'starting' ? 'Its process is starting; the graph comes with its first rows.' : 'It has neither a graph nor validators.'}</p> : view === 'graph' ? <GraphView drawing={drawing} live={live} chosen={chosen} onChoose={choose} /> : <Outline drawing={drawing} live={live} chosen={chosen} onChoose={choose} />}
        </div>
        {!isWide && <Panel page={page} drawing={drawing} chosen={chosen} onChoose={choose} />}
      </div>
      <Announced text={() => (drawing ? `${progressOf(page)} ${atWork(drawing, live.store.getState())}`.trim() : progressOf(page))} />
    </section>
  );
}

function progressOf({ counts }: RunPage): string {
  const { rows, total, outcomes, state } = counts;
  return `Run ${state}: ${total === null ? counted(rows, 'row') : `${count(rows)} of ${counted(total, 'row')}`}, ${count(outcomes.verified)} verified, ${count(outcomes.rejected)} rejected, ${count(outcomes.failed)} failed.`;
}

function NotShown({ suite, run, error, again }: { suite: string; run: string; error: ReturnType<typeof useRun>['error']; again: () => void }) {
  return (
    <section>
      <RunBar suite={suite} run={run} view="graph" />
      <div className="screen">
      {error ? <Problem error={error} again={again} /> : <p>The folder of this run was removed while it was shown.</p>}
      <p>
        <a href="#/">To the start</a>
      </p>
      </div>
    </section>
  );
}
