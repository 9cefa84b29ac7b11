import { useEffect, useRef } from 'react';
import { Status } from '../parts/Status';
import { PAGE, type Pages } from './pages';
import { counted, seen } from '../format';
import { bringIntoSight, useWindow } from './useWindow';
import { pagesOf } from './windowing';

const ROW = 50;

// The rows of the view beside the record: the same ones as in the table, in the same order.
export function RowList({ pages, current, hash }: { pages: Pages; current: number | undefined; hash: (row: string) => string }) {
  const box = useRef<HTMLOListElement>(null);
  const total = pages.head?.total ?? 0;
  const { shown } = useWindow(box, ROW, total);
  const { need } = pages;
  const { first, end } = shown;
  useEffect(() => need(pagesOf({ first, end }, PAGE)), [need, first, end]);
  useEffect(() => {
    if (current !== undefined) bringIntoSight(box.current, current, ROW);
  }, [current, total]);
  const places = [];
  for (let place = first; place < end; place++) places.push(place);
  return (
    <ol className="rowlist" ref={box} aria-label="Rows of this view">
      <li className="rowlist-space" aria-hidden="true" style={{ height: total * ROW }} />
      {places.map((place) => {
        const row = pages.row(place);
        return (
          <li key={place} style={{ transform: `translateY(${place * ROW}px)` }} aria-setsize={total} aria-posinset={place + 1}>
            {row === undefined ? (
              <span className="quiet">…</span>
            ) : (
              <a href={hash(row.row)} tabIndex={place === current ? 0 : -1} aria-current={place === current ? 'true' : undefined}>
                <span className="mono rowlist-id">{seen(row.row)}</span>
                <span className="rowlist-line">
                  <Status of={row.outcome} />
                  {row.mark && <span className="tag">{row.mark}</span>}
                  <span className="quiet">{row.rounds === null ? '' : counted(row.rounds, 'round')}</span>
                </span>
              </a>
            )}
          </li>
        );
      })}
    </ol>
  );
}
