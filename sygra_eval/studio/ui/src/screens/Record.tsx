// S6: one row, from its draft to its outcome: what was tried, what proves it wrong or right, what each round changed.
import { useEffect, useMemo, useState } from 'react';
import { address, get } from '../api/client';
import { useResource } from '../api/resource';
import type { RecordTold, RowsPage, Version } from '../api/types';
import { Problem } from '../parts/Problem';
import { Status } from '../parts/Status';
import { RunBar } from '../parts/RunBar';
import type { Route } from '../route';
import { Calls } from '../rows/Calls';
import { useKeys } from '../parts/keys';
import { codeOf, sumOf } from '../rows/lane';
import { LongText, type Whose } from '../rows/LongText';
import { MarkBar, MarkEditor, type Writing } from '../rows/MarkPanel';
import { keepAuthor, keptAuthor, useMarks } from '../rows/marks';
import { runAddress, usePages, type Pages } from '../rows/pages';
import { prefetch, useRecord } from '../rows/records';
import { RoundDetail } from '../rows/RoundDetail';
import { RoundsLane } from '../rows/RoundsLane';
import { RowList } from '../rows/RowList';
import { count, counted, duration, seen, usd } from '../format';
import { Steps } from '../rows/Steps';
import { Verdicts } from '../rows/Verdicts';
import { askedOf, hashOfView, show, viewOf } from '../rows/view';
import '../styles/rows.css';
import '../styles/record.css';

const TABS = ['Rounds', 'Outcome', 'State', 'Calls'] as const;
type Tab = (typeof TABS)[number];

export default function Record({ route }: { route: Route }) {
  const [, suite = '', run = ''] = route.parts;
  const text = route.query.toString();
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const row = route.query.get('id') ?? '';
  const place = runAddress(suite, run);
  const pages = usePages(place, useOfRowsAlone(view));
  const current = usePlace(place, askedOf(view).toString(), pages.head?.view, row, pages.row);
  const { record, error, again } = useRecord(place, row);
  const version = useResource<Version>(address('version'));
  const [author, setAuthor] = useState(keptAuthor);
  const marks = useMarks(place, row, author);
  const [tab, setTab] = useState<Tab>('Rounds');
  const [chosen, setChosen] = useState<{ row: string; at: number }>();
  const [writing, setWriting] = useState<Writing>();
  const isReadOnly = version.value?.is_read_only ?? false;
  const rounds = record?.rounds.length ?? 0;
  const at = Math.min(chosen?.row === row ? chosen.at : Math.max(0, rounds - 1), Math.max(0, rounds - 1));
  const hash = (of: string) => hashOfView(['runs', suite, run, 'row'], view, { id: of });
  const rowAt = (step: number) => (current === undefined ? undefined : pages.row(current + step)?.row);
  const go = (step: number) => {
    const next = rowAt(step);
    if (next !== undefined) show(hash(next), false);
  };
  const next = rowAt(1);
  const before = rowAt(-1);
  useEffect(() => {
    if (!record) return; // the one that is read comes first
    prefetch(place, next);
    prefetch(place, before);
  }, [place, next, before, record]);
  const { need } = pages;
  useEffect(() => {
    if (current !== undefined) need([Math.floor(Math.max(0, current - 1) / 100), Math.floor((current + 1) / 100)]);
  }, [current, need]);
  const mark = (kind: 'accept' | 'reject' | 'undo') => () => {
    if (!isReadOnly && record) void marks.add(kind);
  };
  const write = (what: Writing) => () => {
    if (!isReadOnly && record) setWriting(what);
  };
  const turn = (step: number) => () => {
    setTab('Rounds');
    setChosen({ row, at: Math.max(0, Math.min(rounds - 1, at + step)) });
  };
  const close = () => {
    setWriting(undefined);
    document.getElementById('record-panel')?.focus(); // the field that had it is gone
  };
  const pick = (which: Tab) => () => setTab(which);
  useKeys({
    j: () => go(1),
    k: () => go(-1),
    h: turn(-1),
    l: turn(1),
    a: mark('accept'),
    r: mark('reject'),
    u: mark('undo'),
    e: write('fix'),
    n: write('note'),
    t: write('label'),
    v: () => document.querySelector<HTMLButtonElement>('[data-again]')?.click(),
    b: () => show(hashOfView(['runs', suite, run, 'rows'], view), false),
    '1': pick('Rounds'),
    '2': pick('Outcome'),
    '3': pick('State'),
    '4': pick('Calls'),
  });
  const of: Whose = { run: place, row };
  return (
    <section className="record-screen">
      <RunBar suite={suite} run={run} view="rows" row={seen(row)} rowsHash={hashOfView(['runs', suite, run, 'rows'], view)} />
      <div className="record-columns">
      <aside className="record-list" aria-label="Rows">
        <div className="record-list-head">
          <span>Rows</span>
          <span className="quiet">{current === undefined ? '' : `${count(current + 1)} of ${count(pages.head?.total)}`}</span>
        </div>
        <RowList pages={pages} current={current} hash={hash} />
      </aside>
      <div className="record">
        {error ? (
          <div className="screen">
            <h1>{seen(row)}</h1>
            <Problem error={error} again={again} />
          </div>
        ) : !record ? (
          <h1 className="loading">{seen(row)}</h1>
        ) : (
          <>
            <Head record={record} />
            <MarkBar marks={marks} isReadOnly={isReadOnly} onWrite={setWriting} />
            {writing && (
              <MarkEditor
                key={`${row} ${writing}`}
                what={writing}
                begin={writing === 'fix' ? (marks.marks?.lines.findLast((line) => line.kind === 'fix')?.text ?? record.code?.text ?? codeOf(record.rounds[at]?.attempts[0])) : ''}
                author={author}
                onAuthor={(name) => {
                  setAuthor(name);
                  keepAuthor(name);
                }}
                onSave={(said) => void marks.add(writing, said).then((isKept) => isKept && close())}
                onCancel={close}
              />
            )}
            <Tabs tab={tab} onTab={setTab} record={record} />
            <div role="tabpanel" id="record-panel" aria-labelledby={`tab-${tab}`} className="record-panel" tabIndex={-1}>
              {tab === 'Rounds' && (
                <>
                  {rounds > 0 && <RoundsLane record={record} current={at} onCurrent={(to) => setChosen({ row, at: to })} />}
                  {rounds > 0 ? <RoundDetail record={record} at={at} of={of} /> : <NoRounds record={record} of={of} />}
                </>
              )}
              {tab === 'Outcome' && <Outcome record={record} of={of} />}
              {tab === 'State' && <Steps record={record} of={of} />}
              {tab === 'Calls' && <Calls key={row} record={record} of={of} />}
            </div>
          </>
        )}
      </div>
      </div>
    </section>
  );
}

// The address changes with the row; the view does not, so that its pages stay.
function useOfRowsAlone(view: ReturnType<typeof viewOf>): ReturnType<typeof viewOf> {
  const key = JSON.stringify(view);
  return useMemo(() => JSON.parse(key) as ReturnType<typeof viewOf>, [key]);
}

// Where in the view the row stands. A neighbour of the last one is known at once, so that no key is lost; the server
// says it of any other.
function usePlace(run: string, asked: string, token: string | undefined, row: string, rowAt: Pages['row']): number | undefined {
  const of = token === undefined ? undefined : `${run}?${asked}&${token}`;
  const [found, setFound] = useState<{ of: string; row: string; place: number | undefined }>();
  const last = found?.of === of ? found?.place : undefined;
  const near = last === undefined ? undefined : [last, last + 1, last - 1].find((place) => rowAt(place)?.row === row);
  if (near !== undefined && of !== undefined && found?.row !== row) setFound({ of, row, place: near });
  const isKnown = found?.of === of && found?.row === row;
  useEffect(() => {
    if (of === undefined || token === undefined || isKnown) return;
    const asking = new AbortController();
    const query = new URLSearchParams(asked);
    query.set('around', row);
    query.set('most', '1');
    query.set('view', token);
    get<RowsPage>(`${address(`${run}/rows`)}?${query}`, asking.signal).then(
      (page) => setFound({ of, row, place: page.rows[0]?.row === row ? page.at : undefined }),
      () => undefined, // the record says what is wrong
    );
    return () => asking.abort();
  }, [of, run, asked, token, row, isKnown]);
  return isKnown ? found?.place : near;
}

function Head({ record }: { record: RecordTold }) {
  const spent = sumOf(record.calls);
  return (
    <header className="record-head">
      <div className="record-title">
        <h1 className="mono">{seen(record.row)}</h1>
        <Status of={record.outcome} />
        <span className="record-figures">
          {counted(record.calls.length, 'call')} · {count(spent.tokens)} tokens · {usd(spent.cost)} · {duration(spent.latency)}
        </span>
      </div>
      <p className="record-why">{seen(record.why)}</p>
      {record.loop !== null && record.loop.refused > 0 && (
        <p className="tag-warn note-line">
          ⊘ Refused sentinel: the critic said there was nothing left to fix while the checks disagreed{record.loop.refused > 1 ? `, ${record.loop.refused} times` : ''}.
        </p>
      )}
      {record.guards
        .filter((guard) => guard.status !== 'pass' && guard.status !== 'skip')
        .map((guard, at) => (
          <p key={at} className="tag-warn note-line">
            ⊘ Guardrail {seen(guard.name)} {guard.status === 'fail' ? (guard.is_blocking ? 'blocked' : 'flagged') : 'could not judge'} at {guard.at} of {seen(guard.node)}, round {guard.visit}.
          </p>
        ))}
      {record.damaged > 0 && <p className="tag-warn note-line">{record.damaged} parts of this row are damaged in the journal and are not shown.</p>}
    </header>
  );
}

function Tabs({ tab, onTab, record }: { tab: Tab; onTab: (tab: Tab) => void; record: RecordTold }) {
  const counts: Record<Tab, number> = { Rounds: record.rounds.length, Outcome: record.verdicts.length, State: record.states.length, Calls: record.calls.length };
  return (
    <div className="tabs" role="tablist" aria-label="Parts of the record">
      {TABS.map((one) => (
        <button
          key={one}
          id={`tab-${one}`}
          type="button"
          role="tab"
          aria-selected={tab === one}
          aria-controls="record-panel"
          tabIndex={tab === one ? 0 : -1}
          onClick={() => onTab(one)}
          onKeyDown={(event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (step === undefined) return;
            const to = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
            onTab(to);
            document.getElementById(`tab-${to}`)?.focus();
          }}
        >
          {one} <span className="quiet">{counts[one]}</span>
        </button>
      ))}
    </div>
  );
}

function NoRounds({ record, of }: { record: RecordTold; of: Whose }) {
  const text = record.code ?? record.answer;
  return (
    <div className="detail">
      <section className="detail-code" aria-label="Answer">
        {text === null ? <p className="quiet">{record.outcome === 'running' ? 'Nothing has been answered yet.' : 'No answer was made for this row.'}</p> : <LongText text={text} of={of} className="code-block" />}
      </section>
      <div className="detail-side">
        <Verdicts verdicts={record.verdicts} of={of} title="Verdicts" />
      </div>
    </div>
  );
}

function Outcome({ record, of }: { record: RecordTold; of: Whose }) {
  return (
    <div className="detail">
      <section className="detail-code" aria-label="Final candidate">
        <h2>Final candidate</h2>
        {record.code || record.answer ? <LongText text={(record.code ?? record.answer)!} of={of} className="code-block" /> : <p className="quiet">There is none.</p>}
      </section>
      <div className="detail-side">
        <Verdicts verdicts={record.verdicts} of={of} title="Final verdicts" />
        {record.guards.length > 0 && (
          <section className="card-flat" aria-label="Guardrails">
            <h2>Guardrails</h2>
            {record.guards.map((guard, at) => (
              <div key={at} className="guard">
                <Status of={guard.status} /> <b>{seen(guard.name)}</b> at {guard.at} of {seen(guard.node)}, round {guard.visit}
                {guard.is_blocking && guard.status === 'fail' ? ', blocked' : ''}
                {guard.status !== 'pass' && <LongText text={guard.reason} of={of} className="reason" />}
              </div>
            ))}
          </section>
        )}
        <section className="card-flat" aria-label="How it ended">
          <h2>How it ended</h2>
          <dl className="facts">
            <dt>outcome</dt>
            <dd>
              <Status of={record.outcome} />
            </dd>
            <dt>reason</dt>
            <dd>
              <LongText text={record.reason} of={of} />
            </dd>
            {record.loop && (
              <>
                <dt>stopped by</dt>
                <dd>
                  {record.loop.stop_reason} after {counted(record.loop.rounds, 'round')} and {counted(record.loop.samples, 'draft')}
                </dd>
              </>
            )}
            {record.way.length > 0 && (
              <>
                <dt>way</dt>
                <dd>{record.way.join(', ')}</dd>
              </>
            )}
            {record.weak_tests && (
              <>
                <dt>weak tests</dt>
                <dd>{seen(record.weak_tests)}</dd>
              </>
            )}
            {record.notes.map((note) => (
              <div key={note} className="facts-pair">
                <dt>note</dt>
                <dd>{seen(note)}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </div>
  );
}
