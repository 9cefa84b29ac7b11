// oxlint-disable jsx-a11y/prefer-tag-over-role -- regions and states that no tag says
// S7: the rows of a run, found by what they are, judged as and cost. All of the view is in the address.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { address } from '../api/client';
import { count, counted } from '../format';
import { useVersion } from '../api/version';
import { Problem } from '../parts/Problem';
import type { Route } from '../route';
import { RunBar } from '../parts/RunBar';
import { columnOf, OURS } from '../rows/columns';
import { Facets } from '../rows/Facets';
import { useKeys } from '../parts/keys';
import { linesOf } from '../rows/ids';
import { RunAgain } from '../rows/RunAgain';
import { runAddress, usePages } from '../rows/pages';
import { Table } from '../rows/Table';
import { askedOf, hashOfView, isFiltered, show, VARIABLE, viewOf, type View } from '../rows/view';
import type { Again } from '../suite/asked';
import '../styles/rows.css';

export default function Rows({ route }: { route: Route }) {
  const [, suite = '', run = ''] = route.parts;
  const text = route.query.toString();
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const place = runAddress(suite, run);
  const pages = usePages(place, view);
  const [current, setCurrent] = useState(0);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [again, setAgain] = useState<Again>();
  const isReadOnly = useVersion((known) => known.version?.is_read_only ?? false);
  const search = useRef<HTMLInputElement>(null);
  const parts = ['runs', suite, run, 'rows'];
  const head = pages.head;
  const change = (next: View, replace = false) => {
    setCurrent(0);
    show(hashOfView(parts, next), replace);
  };
  const open = (at: number) => {
    const row = pages.row(at);
    if (row) show(hashOfView(['runs', suite, run, 'row'], view, { id: row.row }), false);
  };
  const toggle = (row: string) =>
    setSelected((old) => {
      const next = new Set(old);
      if (!next.delete(row)) next.add(row);
      return next;
    });
  const last = Math.max(0, (head?.total ?? 1) - 1);
  useKeys({
    j: () => setCurrent((at) => Math.min(last, at + 1)),
    k: () => setCurrent((at) => Math.max(0, at - 1)),
    ArrowDown: () => setCurrent((at) => Math.min(last, at + 1)),
    ArrowUp: () => setCurrent((at) => Math.max(0, at - 1)),
    Enter: () => open(current),
    x: () => {
      const row = pages.row(current);
      if (row) toggle(row.row);
    },
    '/': () => search.current?.focus(),
  });
  const columns = view.columns.map(columnOf).filter((one) => one !== undefined);
  return (
    <section className="rows-screen">
      <RunBar suite={suite} run={run} view="rows" rowsHash={hashOfView(parts, view)} />
      <header className="rows-top">
        <div className="rows-title">
          <p className="rows-count" role="status">
            {head && <Count head={head} view={view} />}
          </p>
          {head !== undefined && head.newer > 0 && (
            <button type="button" className="primary newer" onClick={pages.renew}>
              {counted(head.newer, 'new row')}: show
            </button>
          )}
        </div>
        <div className="rows-tools">
          <Search value={view.q} onChange={(q) => change({ ...view, q }, true)} box={search} />
          <ColumnChoice names={head?.columns ?? []} view={view} onChange={(next) => change(next, true)} />
          <Export run={place} view={view} />
          {head !== undefined && head.total > 0 && !isReadOnly && (
            <button type="button" onClick={() => setAgain({ run: `${suite}/${run}`, ids: [], view: askedOf({ ...view, columns: [] }).toString(), count: head.total })}>
              {isFiltered(view) ? 'Run these again …' : 'Run all again …'}
            </button>
          )}
        </div>
      </header>
      {pages.error && <Problem error={pages.error} again={pages.renew} />}
      {head !== undefined && head.in_workers > 0 && (
        <p className="rows-warning" role="status">
          {counted(head.in_workers, 'row that has', 'rows that have')} ended {head.in_workers === 1 ? 'is' : 'are'} not listed yet: the run works in several processes (<code>--procs</code>), and takes in what they have when it ends or is resumed.
        </p>
      )}
      {head !== undefined && head.damaged > 0 && (
        <p className="rows-warning" role="status">
          {counted(head.damaged, 'row is', 'rows are')} damaged in the journal and cannot be read; the others are all here. <code>sygra-eval doctor</code> says more.
        </p>
      )}
      {(head !== undefined || pages.error === undefined) && <div className="rows-columns">
        <Facets run={place} view={view} token={head?.view} onChange={change} />
        <div className="rows-main">
          {head !== undefined && head.total === 0 ? (
            <Nothing isFiltered={isFiltered(view)} isRunning={head.is_running} onClear={() => change({ ...view, filters: {}, q: '' })} />
          ) : (
            <Table
              pages={pages}
              columns={columns}
              view={view}
              current={current}
              onCurrent={setCurrent}
              onView={change}
              onOpen={open}
              selected={selected}
              onSelect={toggle}
            />
          )}
          {selected.size > 0 && (
            <Selection rows={[...selected]} onClear={() => setSelected(new Set())} onAgain={isReadOnly ? undefined : () => setAgain({ run: `${suite}/${run}`, ids: [...selected], view: '', count: selected.size })} />
          )}
        </div>
      </div>}
      {again && <RunAgain place={place} again={again} onClose={() => setAgain(undefined)} />}
    </section>
  );
}

function Count({ head, view }: { head: NonNullable<ReturnType<typeof usePages>['head']>; view: View }) {
  const total = counted(head.total, 'row');
  if (head.read + head.damaged < head.ended) return <>{`${total}, reading ${count(head.read)} of ${count(head.ended)} …`}</>;
  return <>{isFiltered(view) ? `${count(head.total)} of ${counted(head.ended, 'row')}` : total}{head.is_running ? ', still running' : head.is_settled ? '' : ', adding up their calls …'}</>;
}

function Search({ value, onChange, box }: { value: string; onChange: (q: string) => void; box: React.RefObject<HTMLInputElement | null> }) {
  const [typed, setTyped] = useState(value);
  const [before, setBefore] = useState(value);
  const [isTyping, setIsTyping] = useState(false); // what stands there was not asked for yet
  if (value !== before) {
    setBefore(value);
    if (!isTyping) setTyped(value); // the address comes a moment later: what was typed since stays
  }
  const say = useCallback(() => {
    setIsTyping(false);
    onChange(typed);
  }, [typed, onChange]);
  useEffect(() => {
    if (!isTyping) return;
    const timer = window.setTimeout(say, 250);
    return () => window.clearTimeout(timer);
  }, [isTyping, say]);
  return (
    <input
      ref={box}
      type="search"
      aria-label="Search in texts and code"
      placeholder="Search in texts and code   /"
      value={typed}
      onChange={(event) => {
        setIsTyping(true);
        setTyped(event.target.value);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') say();
        if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}

function ColumnChoice({ names, view, onChange }: { names: string[]; view: View; onChange: (view: View) => void }) {
  const all = [...OURS.map((one) => ({ key: one.key, title: one.title })), ...names.map((name) => ({ key: VARIABLE + name, title: name }))];
  const toggle = (key: string) => {
    const columns = view.columns.includes(key) ? view.columns.filter((one) => one !== key) : [...view.columns, key];
    if (columns.length > 0) onChange({ ...view, columns });
  };
  return (
    <details className="choice">
      <summary className="button">Columns</summary>
      <div className="choice-box">
        {all.map((one, at) => (
          <label key={one.key} className={at === OURS.length ? 'choice-first' : undefined}>
            <input type="checkbox" checked={view.columns.includes(one.key)} onChange={() => toggle(one.key)} /> {one.title}
          </label>
        ))}
      </div>
    </details>
  );
}

// The rows of this view, with provenance and marks, as a file.
function Export({ run, view }: { run: string; view: View }) {
  const asked = askedOf({ ...view, columns: [] });
  return (
    <details className="choice">
      <summary className="button">Export</summary>
      <div className="choice-box">
        {['jsonl', 'parquet', 'csv'].map((format) => (
          <a key={format} href={`${address(`${run}/export`)}?${new URLSearchParams([...asked, ['format', format]])}`} download>
            {format === 'jsonl' ? 'JSONL' : format === 'csv' ? 'CSV' : 'Parquet'}
          </a>
        ))}
      </div>
    </details>
  );
}

function Nothing(props: { isFiltered: boolean; isRunning: boolean; onClear: () => void }) {
  return (
    <div className="nothing">
      {props.isFiltered ? (
        <>
          <p>No row is like that.</p>
          <button type="button" onClick={props.onClear}>
            Clear the filters
          </button>
        </>
      ) : (
        <p>{props.isRunning ? 'No row has ended yet. The first one is shown here as soon as it does.' : 'No row of this run ended.'}</p>
      )}
    </div>
  );
}

function Selection({ rows, onClear, onAgain }: { rows: string[]; onClear: () => void; onAgain: (() => void) | undefined }) {
  const [isCopied, setIsCopied] = useState(false);
  return (
    <div className="selection" role="region" aria-label="Selection">
      <span>{count(rows.length)} selected</span>
      {onAgain && (
        <button type="button" className="primary" onClick={onAgain}>
          Run these again …
        </button>
      )}
      <button
        type="button"
        onClick={() => {
          void navigator.clipboard.writeText(linesOf(rows)).then(() => setIsCopied(true));
        }}
      >
        {isCopied ? 'Copied' : 'Copy the ids'}
      </button>
      <button type="button" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}

