// Where the page is among those of one run, the same on each of them: the way to it, and its other views.
import '../styles/runbar.css';
import { useEffect, type ReactNode } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { SuiteCard } from '../api/types';
import { hashOf } from '../route';

type RunView = 'graph' | 'rows' | 'report';
const VIEWS: ReadonlyArray<[of: RunView, name: string, parts: string[]]> = [
  ['graph', 'Graph', []],
  ['rows', 'Rows', ['rows']],
  ['report', 'Report', ['report']],
];
const NAMES = Object.fromEntries(VIEWS.map(([of, name]) => [of, name])) as Record<RunView, string>;

type Props = {
  suite: string;
  run: string;
  view: RunView;
  rowsHash?: string | undefined; // the table as it was left, with its filters
  row?: string | undefined;
  state?: ReactNode;
  aside?: ReactNode; // at the end of the line of views: how this one is shown
  children?: ReactNode; // what can be done here
};

export function RunBar({ suite, run, view, rowsHash, row, state, aside, children }: Props) {
  const suites = useResource<SuiteCard[]>(address('suites'));
  const path = suites.value?.find((one) => one.name === suite)?.path;
  const place = (parts: string[]) => hashOf(['runs', suite, run, ...parts]);
  const toRows = rowsHash ?? place(['rows']);
  const isRun = view === 'graph' && row === undefined;
  useTitle(row ?? (isRun ? run : NAMES[view]), suite);
  return (
    <div className="runbar">
      <div className="runbar-way">
        <nav aria-label="Where this is">
          <ol className="crumbs">
            <li>
              <a href="#/">Start</a>
            </li>
            <li>{path ? <a href={hashOf(['suites', path])}>{suite}</a> : <span>{suite}</span>}</li>
            <li>{isRun ? <h1>{run}</h1> : <a href={place([])}>{run}</a>}</li>
            {!isRun && <li>{row === undefined ? <h1>{NAMES[view]}</h1> : <a href={toRows}>Rows</a>}</li>}
            {row !== undefined && (
              <li>
                <span className="mono" title={row}>
                  {row}
                </span>
              </li>
            )}
          </ol>
        </nav>
        {state}
        {children && <div className="runbar-tools">{children}</div>}
      </div>
      <nav className="tabs" aria-label="Views of this run">
        {VIEWS.map(([of, name, parts]) => (
          <a key={of} href={of === 'rows' ? toRows : place(parts)} aria-current={of === view ? (row === undefined ? 'page' : 'true') : undefined}>
            {name}
          </a>
        ))}
        {aside && <span className="tabs-right">{aside}</span>}
      </nav>
    </div>
  );
}

// What the tab of the browser is called: the thing first, for tabs are narrow.
export function useTitle(...names: string[]): void {
  const title = [...names.filter(Boolean), 'sygra_eval Studio'].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
