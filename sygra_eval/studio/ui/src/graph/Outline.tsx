// The outline as a table: all that the canvas shows, in reach of the keyboard and of a screen reader.
import '../styles/graph.css';
import { useMemo } from 'react';
import { count, UNKNOWN } from '../format';
import { NOTHING, STILL, type Live } from './live';
import type { Drawing } from './model';
import { outlineOf } from './lines';
import { useLiveNow } from './useLiveNow';
import { kindOf } from './words';

const EVERY_MS = 1000; // a table that changes sixty times a second cannot be read

export function Outline({ drawing, live = STILL, chosen, onChoose }: { drawing: Drawing; live: Live | undefined; chosen: string | undefined; onChoose: (id: string | undefined) => void }) {
  const lines = useMemo(() => outlineOf(drawing), [drawing]);
  const state = useLiveNow(live, EVERY_MS);
  return (
    // A scrolled region has to be in reach of the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="outline-table" tabIndex={0} aria-label="Outline of the graph">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Kind</th>
            <th scope="col">Model</th>
            <th scope="col" className="number">Waiting</th>
            <th scope="col" className="number">Running</th>
            <th scope="col" className="number">Ok</th>
            <th scope="col" className="number">Failed</th>
            <th scope="col">Leads to</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => {
            const one = state.nodes[line.id];
            const counts = one?.counts ?? NOTHING;
            const rounds = state.boxes[line.id]?.rounds;
            return (
              <tr key={line.id} className={line.id === chosen ? 'is-chosen' : ''}>
                <th scope="row">
                  {Array.from({ length: line.depth }, (_, at) => (
                    <span key={at} className="depth" />
                  ))}
                  <button type="button" className="link" aria-pressed={line.id === chosen} onClick={() => onChoose(line.id === chosen ? undefined : line.id)}>
                    {line.name}
                  </button>
                </th>
                <td className="kind">{[kindOf(line.kind), line.note, rounds].filter(Boolean).join(' · ')}</td>
                <td>{line.model ?? ''}</td>
                {(['waiting', 'running', 'ok', 'failed'] as const).map((part) => (
                  <td key={part} className="number">
                    {one ? count(counts[part]) : UNKNOWN}
                  </td>
                ))}
                <td className="leads">{line.leads.join(', ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
