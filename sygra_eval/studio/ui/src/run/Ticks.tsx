// Ticks beside the runs of a list, and the button that compares those that have one.
import '../styles/ticks.css';
import { useMemo, useState } from 'react';
import { MOST_RUNS } from '../report/comparison';
import { comparisonHash, nameOf, type Named } from './ticked';

export type Ticks = { has: (run: Named) => boolean; toggle: (run: Named) => void; runs: Named[]; clear: () => void };

// Of those that are listed: one that went is not ticked any more.
export function useTicks(listed: Named[] | undefined): Ticks {
  const [names, setNames] = useState<ReadonlySet<string>>(new Set());
  return useMemo(
    () => ({
      has: (run) => names.has(nameOf(run)),
      toggle: (run) =>
        setNames((old) => {
          const next = new Set(old);
          if (!next.delete(nameOf(run))) next.add(nameOf(run));
          return next;
        }),
      runs: (listed ?? []).filter((run) => names.has(nameOf(run))),
      clear: () => setNames(new Set()),
    }),
    [names, listed],
  );
}

export function Tick({ run, ticks }: { run: Named; ticks: Ticks }) {
  return <input type="checkbox" className="run-tick" aria-label={`Compare ${nameOf(run)}`} checked={ticks.has(run)} onChange={() => ticks.toggle(run)} />;
}

export function CompareTicked({ ticks }: { ticks: Ticks }) {
  const many = ticks.runs.length;
  if (many === 0) return null;
  const hash = comparisonHash(ticks.runs);
  return (
    <div className="run-ticked">
      {hash ? (
        <a className="button primary" href={hash}>
          Compare {many} runs
        </a>
      ) : (
        <span className="quiet">{many === 1 ? 'Tick another run to compare.' : `At most ${MOST_RUNS} are compared.`}</span>
      )}
      <button type="button" onClick={ticks.clear}>
        Clear
      </button>
    </div>
  );
}
