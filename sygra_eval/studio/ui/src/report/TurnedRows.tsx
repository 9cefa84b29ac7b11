// The rows of one metric in all runs: those that turned, or all of them; each leads to its records.
import { useMemo, useState } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import { Problem } from '../parts/Problem';
import { count, seen, UNKNOWN } from '../format';
import { hashOf } from '../route';
import { shortNames } from './CompareParts';
import { CHANGES, chosen, comparisonsOf, linesOf, SAME, type Cell, type Comparison, type Kind, type Line, type Told, type View } from './comparison';
import { Lines, Part } from './Parts';

const MORE = 100;
const TOLD = Object.fromEntries([...CHANGES, ...SAME]) as Record<Kind, string>;

export function TurnedRows({ found, runs, view, onView }: { found: Comparison[]; runs: string[]; view: View; onView: (view: View) => void }) {
  const rates = [...new Set(found.flatMap((one) => Object.entries(one.metrics).filter(([, change]) => change.kind === 'rate').map(([name]) => name)))];
  const metric = rates.includes(view.metric) ? view.metric : (rates[0] ?? '');
  // Which rows stayed as they were is told with the comparison, or where runs are long of one metric when it is asked for.
  const isThere = found.every((one) => one.metrics[metric] === undefined || one.metrics[metric].both !== undefined);
  const isAsked = metric !== '' && !isThere && (view.isAll || found.length > 1);
  const { value: told, error, again, isLoading } = useResource<Told>(isAsked ? address('compare', { a: runs[0], b: runs.slice(1), metric }) : undefined);
  const shown = isAsked ? (told && comparisonsOf(told)) : found;
  const all = useMemo(() => linesOf((shown ?? []).map((one) => one.metrics[metric])), [shown, metric]);
  const lines = useMemo(() => chosen(all, !view.isAll, view.kind), [all, view.isAll, view.kind]);
  const [most, setMost] = useState(MORE);
  if (metric === '') return null;
  const names = shortNames([found[0]!.before, ...found.map((one) => one.after)]);
  const kinds = view.isAll ? [...CHANGES, ...SAME] : CHANGES;
  return (
    <Part title="Rows that turned" note="Errors are no judgements: a row that ended with one on a side is in no pair.">
      <Pairs found={found} metric={metric} names={names} />
      <div className="compare-tools">
        <label>
          Metric{' '}
          <select value={metric} onChange={(event) => onView({ ...view, metric: event.target.value })}>
            {rates.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Kind{' '}
          <select value={view.kind} onChange={(event) => onView({ ...view, kind: event.target.value as Kind | '' })}>
            <option value="">any</option>
            {kinds.map(([kind, word]) => (
              <option key={kind} value={kind}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={!view.isAll} onChange={(event) => onView({ ...view, isAll: !event.target.checked, kind: '' })} /> Show only changed
        </label>
        <output className="quiet">
          {isLoading ? 'Reading the rows …' : lines.length === 0 ? (all.length === 0 && !view.isAll ? 'No row turned.' : 'No row is like that.') : `${count(lines.length)} ${lines.length === 1 ? 'row' : 'rows'}`}
        </output>
      </div>
      {error && <Problem error={error} again={again} />}
      {lines.length > 0 && (
        <Lines
          title={`Rows of ${metric}`}
          lines={lines.slice(0, most)}
          columns={[
            { name: 'Row', cell: (line) => <code>{seen(line.id)}</code> },
            { name: names[0]!, cell: (line) => <a href={recordOf(runs[0]!, line.id)}>{seen(line.first)}</a> },
            ...found.map((_, at) => ({ name: names[at + 1] === names[0] ? `${at + 2}. ${names[at + 1]}` : names[at + 1]!, cell: (line: Line) => <Became cell={line.cells[at]} to={recordOf(runs[at + 1]!, line.id)} /> })),
          ]}
        />
      )}
      {lines.length > most && (
        <button type="button" onClick={() => setMost(most + MORE)}>
          Show {count(Math.min(MORE, lines.length - most))} of {count(lines.length - most)} more
        </button>
      )}
    </Part>
  );
}

const recordOf = (run: string, id: string): string => hashOf(['runs', ...run.split('/'), 'row'], { id });

function Became({ cell, to }: { cell: Cell; to: string }) {
  if (cell === undefined) return <span title="not compared: it is not in this run, its input changed, or it was judged in neither">{UNKNOWN}</span>;
  const kind = cell.kind === 'fixed' || cell.kind === 'from_error' ? 'is-good' : cell.kind === 'broken' || cell.kind === 'to_error' ? 'is-bad' : 'quiet';
  return (
    <>
      <span className={kind}>{TOLD[cell.kind]}</span> <a href={to}>{seen(cell.told)}</a>
    </>
  );
}

// The four kinds of pairs of a rate, for each run; all of them are the pairs that were compared.
function Pairs({ found, metric, names }: { found: Comparison[]; metric: string; names: string[] }) {
  const lines = found.flatMap((one, at) => (one.metrics[metric] ? [{ name: names[at + 1]!, change: one.metrics[metric] }] : []));
  return (
    <Lines
      title="Pairs"
      lines={lines}
      columns={[
        { name: 'Against the baseline', cell: (one) => one.name },
        { name: 'Fixed', isNumber: true, cell: (one) => count(one.change.fixed.length) },
        { name: 'Broken', isNumber: true, cell: (one) => count(one.change.broken.length) },
        { name: 'Both pass', isNumber: true, cell: (one) => count(one.change.passed_twice) },
        { name: 'Neither', isNumber: true, cell: (one) => count(one.change.failed_twice) },
        { name: 'To an error', isNumber: true, cell: (one) => count(one.change.to_error.length) },
        { name: 'From an error', isNumber: true, cell: (one) => count(one.change.from_error.length) },
      ]}
    />
  );
}
