// What is beside the graph: of the node that is chosen, or else of the whole run, what happens now and what came of it.
import { useMemo } from 'react';
import type { LoopCount, NodeCount, RunCounts, RunSnapshot } from '../api/types';
import { isGoing, roundsOf } from '../graph/feed';
import { END, QUALITY, START, type Drawing, type DrawnBox, type DrawnNode } from '../graph/model';
import { kindOf } from '../graph/words';
import { Status } from '../parts/Status';
import { hashOf } from '../route';
import { UNKNOWN, count, counted, duration, usd } from '../format';
import type { RunPage, Writing } from './state';

const MOST_SHOWN = 40;
const MOST_BESIDE = 12; // where more stands below
const MOST_TEXTS = 3;
type Here = { suite: string; run: string };

export function Panel({ page, drawing, chosen, onChoose }: { page: RunPage; drawing: Drawing | undefined; chosen: string | undefined; onChoose: (id: string | undefined) => void }) {
  const found = useMemo(() => [...(drawing?.nodes ?? []), ...(drawing?.boxes ?? [])].find((one) => one.id === chosen), [drawing, chosen]);
  const here: Here = page.snapshot;
  return (
    <aside className="panel" aria-label={found ? `Node ${found.name}` : 'The run'}>
      {found ? <OfNode key={found.id} page={page} here={here} drawn={found} onClose={() => onChoose(undefined)} /> : <OfRun page={page} here={here} />}
    </aside>
  );
}

function OfRun({ page, here }: { page: RunPage; here: Here }) {
  const { counts, snapshot } = page;
  return (
    <>
      <Rows page={page} here={here} most={MOST_BESIDE} />
      <Texts writing={page.writing} here={here} state={counts.state} hasDeltas={snapshot.control.has_deltas} />
      {counts.loops.map((loop) => (
        <Loop key={loop.node} loop={loop} />
      ))}
      <Guardrails counts={counts} />
      <Endpoints snapshot={snapshot} />
    </>
  );
}

function OfNode({ page, here, drawn, onClose }: { page: RunPage; here: Here; drawn: DrawnNode | DrawnBox; onClose: () => void }) {
  const { counts } = page;
  const [outer = '', step] = drawn.id.split(':');
  const node = 'step' in drawn && drawn.step ? outer : drawn.id;
  const loop = counts.loops.find((one) => one.node === node);
  const writing = page.writing.filter((one) => one.place === drawn.id || [':', '/'].some((end) => one.place.startsWith(drawn.id + end)));
  const validator = drawn.id.startsWith(QUALITY) && drawn.id !== QUALITY ? counts.validators[drawn.id.slice(QUALITY.length)] : undefined;
  const isEnd = drawn.id === START || drawn.id === END || drawn.id.startsWith(QUALITY);
  return (
    <>
      <header className="panel-head">
        <h2>{drawn.name}</h2>
        <button type="button" className="plain" aria-label="Show the whole run" onClick={onClose}>
          ✕
        </button>
      </header>
      <p className="quiet">{describe(drawn)}</p>
      {counts.nodes[node] && <Facts of={counts.nodes[node]} counts={counts} />}
      {validator && (
        <p className="chips">
          <Status of="pass" count={validator.passed} /> <Status of="fail" count={validator.failed} /> <Status of="error" count={validator.error} /> <Status of="skip" count={validator.skipped} />
        </p>
      )}
      {(!isEnd || validator) && <Texts writing={writing} here={here} state={counts.state} hasDeltas={page.snapshot.control.has_deltas} />}
      {loop && <Loop loop={loop} />}
      {loop && <Rounds page={page} here={here} node={node} />}
      {!isEnd && !loop && step === undefined && <Visits page={page} here={here} node={node} />}
      {isEnd && <Rows page={page} here={here} most={MOST_SHOWN} />}
    </>
  );
}

function describe(drawn: DrawnNode | DrawnBox): string {
  if ('of' in drawn) return [drawn.of ? kindOf(drawn.of.kind) : drawn.kind, drawn.of?.model, drawn.exit].filter(Boolean).join(' · ');
  return [kindOf(drawn.kind), drawn.model, drawn.note].filter(Boolean).join(' · ');
}

function Facts({ of, counts }: { of: NodeCount; counts: RunCounts }) {
  const goes = isGoing(counts.state);
  const isUnpriced = of.cost_usd === 0 && counts.spending.unpriced > 0; // then 0 is what is known, and not what it cost
  const facts: Array<[string, string]> = [
    ['Waiting', goes ? count(of.waiting) : UNKNOWN],
    ['Running', goes ? count(of.running) : UNKNOWN],
    ['Gone through', count(of.ok)],
    ['Ended here by an error', count(of.failed)],
    ['Blocked by a guardrail', count(of.blocked)],
    ['Guardrails said', Object.entries(of.guards).map(([what, times]) => `${what} ${count(times)}`).join(' · ') || UNKNOWN],
    ['Calls', count(of.calls)],
    ['Tokens', count(of.tokens)],
    ['Cost', usd(isUnpriced ? null : of.cost_usd)],
    ['Mean latency', duration(of.latency_s)],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Texts({ writing, here, state, hasDeltas }: { writing: Writing[]; here: Here; state: RunCounts['state']; hasDeltas: boolean }) {
  if (!isGoing(state)) return null;
  const isStarting = state === 'starting';
  const shown = writing.slice(-MOST_TEXTS).toReversed();
  return (
    <section>
      <h3>Being written</h3>
      {shown.length === 0 && <p className="quiet">{hasDeltas || isStarting ? 'No model is writing right now.' : 'This run does not tell text as it is made.'}</p>}
      {shown.map((one) => (
        <figure key={`${one.row} ${one.call}`} className="writing">
          <figcaption>
            <RowLink here={here} row={one.row} /> <span className="quiet">{one.place.replace(QUALITY, '').replace(':', ' · ')}</span>
          </figcaption>
          <pre>
            {one.isCut && '… '}
            {one.text}
          </pre>
        </figure>
      ))}
    </section>
  );
}

function Rows({ page, here, most }: { page: RunPage; here: Here; most: number }) {
  const { rows, leftOut } = page;
  return (
    <section>
      <h3>
        Latest rows <a href={hashOf(['runs', here.suite, here.run, 'rows'])}>all</a>
      </h3>
      {rows.length === 0 && <p className="quiet">{isGoing(page.counts.state) ? 'None has ended since this page was opened.' : 'All rows are in the table.'}</p>}
      <ul className="latest">
        {rows.slice(0, most).map((row, at) => (
          <li key={`${row.row} ${at}`}>
            <Status of={row.outcome} /> <RowLink here={here} row={row.row} />
            {row.reason && (
              <span className="quiet reason" title={row.reason}>
                {row.reason}
              </span>
            )}
          </li>
        ))}
      </ul>
      {leftOut > 0 && <p className="quiet">{counted(leftOut, 'more event')} came too fast to be shown here.</p>}
    </section>
  );
}

function Rounds({ page, here, node }: { page: RunPage; here: Here; node: string }) {
  const rounds = page.rounds.filter((one) => one.node === node).slice(0, MOST_SHOWN);
  return (
    <section>
      <h3>Latest rounds</h3>
      {rounds.length === 0 && <p className="quiet">None has ended since this page was opened.</p>}
      <ul className="latest">
        {rounds.map((one, at) => (
          <li key={`${one.row} ${one.number} ${at}`}>
            <Status of={one.accepted ? 'pass' : 'fail'} /> <RowLink here={here} row={one.row} />
            <span className="quiet reason">
              round {one.number}
              {one.tests !== null && ` · ${one.passed ?? 0} of ${one.tests} tests`}
              {one.sentinel !== 'absent' && one.sentinel !== '' && ` · stop ${one.sentinel}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Visits({ page, here, node }: { page: RunPage; here: Here; node: string }) {
  const visits = page.visits.filter((one) => one.node === node || one.node.startsWith(`${node}#`)).slice(0, MOST_SHOWN);
  return (
    <section>
      <h3>Latest records here</h3>
      {visits.length === 0 && <p className="quiet">None came through since this page was opened.</p>}
      <ul className="latest">
        {visits.map((one, at) => (
          <li key={`${one.row} ${at}`}>
            <Status of="ok" /> <RowLink here={here} row={one.row} />
            {one.node !== node && <span className="quiet"> {one.node}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function RowLink({ here, row }: { here: Here; row: string }) {
  return (
    <a className="row-link" href={hashOf(['runs', here.suite, here.run, 'row'], { id: row })} title={row}>
      {row}
    </a>
  );
}

function Loop({ loop }: { loop: LoopCount }) {
  const rounds = Object.entries(loop.by_round).toSorted(([a], [b]) => Number(a) - Number(b));
  const most = Math.max(1, ...rounds.map(([, times]) => times));
  return (
    <section>
      <h3>
        Loop {loop.node} <span className="quiet">{roundsOf(loop) ?? ''}</span>
      </h3>
      <table className="small">
        <tbody>
          {rounds.map(([number, times]) => (
            <tr key={number}>
              <th scope="row">round {number}</th>
              <td className="bar-cell">
                <progress aria-label={`records that had round ${number}`} max={most} value={times} />
              </td>
              <td className="number">{count(times)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="chips">
        {Object.entries(loop.stop_reasons).map(([reason, times]) => (
          <span key={reason} className="status">
            <b>{count(times)}</b> {reason}
          </span>
        ))}
        {loop.refused > 0 && (
          <span className="status status-fail">
            <b>{count(loop.refused)}</b> stop phrase refused
          </span>
        )}
      </p>
    </section>
  );
}

function Guardrails({ counts }: { counts: RunCounts }) {
  if (counts.guardrails.length === 0) return null;
  return (
    <section>
      <h3>Guardrails</h3>
      <table className="small">
        <tbody>
          {counts.guardrails.map((guard) => (
            <tr key={guard.name}>
              <th scope="row">{guard.name}</th>
              <td>{Object.entries(guard.actions).map(([action, times]) => `${action} ${count(times)}`).join(' · ') || 'nothing found'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Endpoints({ snapshot }: { snapshot: RunSnapshot }) {
  if (snapshot.endpoints.length === 0) return null;
  return (
    <section>
      <h3>Endpoints</h3>
      <table className="small">
        <thead>
          <tr>
            <th scope="col">Endpoint or model</th>
            <th scope="col" className="number">In flight</th>
            <th scope="col" className="number">Waiting</th>
            <th scope="col">Circuit</th>
          </tr>
        </thead>
        <tbody>
          {snapshot.endpoints.map((one) => (
            <tr key={one.of}>
              <th scope="row" title={one.of}>
                {one.of}
              </th>
              <td className="number">
                {one.in_flight} / {one.max_concurrency}
              </td>
              <td className="number">{count(one.waiting)}</td>
              <td>{one.circuit ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
