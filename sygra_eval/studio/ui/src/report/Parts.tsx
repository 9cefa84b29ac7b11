// oxlint-disable jsx-a11y/prefer-tag-over-role -- a bar of two rectangles is no image file
// What a report is drawn of: a figure, a share with its interval, a part of the page.
import type { ReactNode } from 'react';
import { count, interval, percent, UNKNOWN } from '../format';
import type { Figure } from './document';

export function Part({ title, note, children }: { title: string; note?: string | undefined; children: ReactNode }) {
  return (
    <section className="rp-part" aria-label={title}>
      <h2>{title}</h2>
      {note && <p className="quiet small">{note}</p>}
      {children}
    </section>
  );
}

// A number of rows that leads to them; none leads nowhere.
export function Rows({ of, to }: { of: Figure; to: string | undefined }) {
  if (of.value === null) return <span title={of.reason}>{UNKNOWN}</span>;
  const told = count(of.value);
  return to === undefined || of.value === 0 ? <>{told}</> : <a href={to}>{told}</a>;
}

export function Value({ of, as }: { of: Figure; as: (value: number | null) => string }) {
  return <span title={of.value === null ? of.reason : undefined}>{as(of.value)}</span>;
}

// A share, with the interval in which it is to 95 %: words for all, a bar beside them.
export function Share({ of, kind = 'verified' }: { of: Figure; kind?: string }) {
  if (of.value === null) return <span title={of.reason}>{UNKNOWN}</span>;
  return (
    <span className="rp-share">
      <span className="rp-share-words">
        <b>{percent(of.value)}</b> <span className="quiet">{interval(of.lower, of.upper)}</span>
      </span>
      <span className="rp-bar" aria-hidden="true">
        <span className={`rp-bar-part is-${kind}`} style={{ width: `${of.value * 100}%` }} />
        {of.lower !== undefined && of.upper !== undefined && <span className="rp-bar-interval" style={{ left: `${of.lower * 100}%`, width: `${(of.upper - of.lower) * 100}%` }} />}
      </span>
    </span>
  );
}

export function Bar({ part, whole }: { part: number | null; whole: number | null }) {
  if (part === null || !whole) return null;
  return (
    <span className="rp-bar" aria-hidden="true">
      <span className="rp-bar-part" style={{ width: `${Math.min(1, part / whole) * 100}%` }} />
    </span>
  );
}

export type Column<T> = { name: string; isNumber?: boolean; cell: (line: T) => ReactNode };

// A table that scrolls by itself where the page is narrow.
export function Lines<T>({ title, lines, columns }: { title: string; lines: T[]; columns: Array<Column<T>> }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard has to reach it
    <div className="rp-scroll" tabIndex={0} role="region" aria-label={`${title}, table`}>
      <table className="rp-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.isNumber ? 'number' : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, at) => (
            <tr key={at}>
              {columns.map((column, place) =>
                place === 0 ? (
                  <th key={column.name} scope="row">
                    {column.cell(line)}
                  </th>
                ) : (
                  <td key={column.name} className={column.isNumber ? 'number' : undefined}>
                    {column.cell(line)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
