// The columns that a table of rows can have: ours, and every variable of the rows.
import type { ReactNode } from 'react';
import type { RowLine } from '../api/types';
import { Status } from '../parts/Status';
import { count, duration, seen, usd } from '../format';
import { VARIABLE } from './view';

export type Column = { key: string; title: string; width: string; sort?: string; isNumber?: boolean; cell: (row: RowLine) => ReactNode };

const MARKS: Record<string, string> = { accept: '✓ accepted', reject: '✗ rejected', fix: '✎ fixed', label: '# labelled', note: '✎ note' };

export const OURS: Column[] = [
  { key: 'outcome', title: 'Outcome', width: '112px', sort: 'outcome', cell: (row) => <Status of={row.outcome} /> },
  { key: 'row', title: 'Row', width: 'minmax(120px, 1fr)', sort: 'id', cell: (row) => <span className="mono">{seen(row.row)}</span> },
  { key: 'reason', title: 'Why', width: 'minmax(200px, 2.4fr)', sort: 'reason', cell: (row) => <Reason row={row} /> },
  { key: 'rounds', title: 'Rounds', width: '84px', sort: 'rounds', isNumber: true, cell: (row) => <Rounds row={row} /> },
  { key: 'stop', title: 'Stopped by', width: '112px', cell: (row) => row.stop ?? '–' },
  { key: 'cost', title: 'Cost', width: '84px', sort: 'cost', isNumber: true, cell: (row) => usd(row.cost_usd) },
  { key: 'latency', title: 'Model time', width: '104px', sort: 'latency', isNumber: true, cell: (row) => duration(row.latency_s) },
  { key: 'tokens', title: 'Tokens', width: '84px', sort: 'tokens', isNumber: true, cell: (row) => count(row.tokens) },
  { key: 'calls', title: 'Calls', width: '68px', isNumber: true, cell: (row) => count(row.calls) },
  { key: 'length', title: 'Length', width: '84px', sort: 'length', isNumber: true, cell: (row) => count(row.length) },
  { key: 'models', title: 'Models', width: 'minmax(100px, 0.8fr)', cell: (row) => row.models.join(', ') || '–' },
  { key: 'guard', title: 'Guardrails', width: '100px', cell: (row) => row.guard ?? '–' },
  { key: 'mark', title: 'Mark', width: '104px', sort: 'mark', cell: (row) => (row.mark ? (MARKS[row.mark] ?? row.mark) : '') },
];

export function columnOf(key: string): Column | undefined {
  const ours = OURS.find((one) => one.key === key);
  if (ours || !key.startsWith(VARIABLE)) return ours;
  const name = key.slice(VARIABLE.length);
  return { key, title: name, width: 'minmax(120px, 1.2fr)', cell: (row) => (row.values[name] == null ? '–' : seen(row.values[name])) };
}

function Reason({ row }: { row: RowLine }) {
  if (!row.match) return <span title={seen(row.reason)}>{seen(row.reason)}</span>;
  const [before, found, behind] = row.match;
  return (
    <span className="match">
      …{seen(before.replace(/\s+/g, ' '))}
      <mark>{seen(found)}</mark>
      {seen(behind.replace(/\s+/g, ' '))}…
    </span>
  );
}

function Rounds({ row }: { row: RowLine }) {
  if (row.rounds === null) return <>–</>;
  return (
    <>
      {row.refused > 0 && (
        <span className="refused" title="the critic wanted to stop while the checks disagreed">
          ⊘
        </span>
      )}{' '}
      {row.rounds}
    </>
  );
}
