// oxlint-disable jsx-a11y/prefer-tag-over-role -- only the rows in sight are in the page, which table tags cannot be placed for
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Column } from './columns';
import { PAGE, type Pages } from './pages';
import { bringIntoSight, useWindow } from './useWindow';
import { sortedBy, type View } from './view';
import { pagesOf } from './windowing';

const ROW = 34;
const HEAD = 36;

// A table of any length: only the rows in sight are in the page. One stop for Tab; arrows or j and k move inside.
export function Table(props: {
  pages: Pages;
  columns: Column[];
  view: View;
  current: number;
  onCurrent: (place: number) => void;
  onView: (view: View) => void;
  onOpen: (place: number) => void;
  selected: Set<string>;
  onSelect: (row: string) => void;
}) {
  const { pages, columns, view, current, onCurrent, onOpen, selected, onSelect } = props;
  const box = useRef<HTMLDivElement>(null);
  const total = pages.head?.total ?? 0;
  const { shown, inSight } = useWindow(box, ROW, total);
  const [hasFocus, setHasFocus] = useState(false);
  const { need } = pages;
  const { first, end } = shown;
  useEffect(() => need(pagesOf({ first, end }, PAGE)), [need, first, end]);
  useEffect(() => bringIntoSight(box.current, current, ROW, HEAD), [current]);
  const grid = { gridTemplateColumns: `36px ${columns.map((one) => one.width).join(' ')}` };
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: inSight, PageUp: -inSight, Home: -total, End: total };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      onCurrent(Math.max(0, Math.min(total - 1, current + step)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      onOpen(current);
    }
  };
  const rows = [];
  for (let place = first; place < end; place++) rows.push(place);
  return (
    <div
      className={`rows-table${hasFocus ? ' has-focus' : ''}`}
      role="grid"
      aria-label="Rows"
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={pages.row(current) ? `row-${current}` : undefined}
      tabIndex={0}
      ref={box}
      onKeyDown={move}
      onFocus={() => setHasFocus(true)}
      onBlur={() => setHasFocus(false)}
    >
      <div role="rowgroup" className="rows-head">
        <div role="row" aria-rowindex={1} className="rows-row" style={grid}>
          <span role="columnheader">
            <span className="unseen">Selected</span>
          </span>
          {columns.map((column) => (
            <Heading key={column.key} column={column} view={view} onView={props.onView} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="rows-body" style={{ height: total * ROW }}>
        {rows.map((place) => {
          const row = pages.row(place);
          const isCurrent = place === current;
          return (
            // The grid has the focus and its keys; the pointer's way is beside them.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={place}
              id={`row-${place}`}
              role="row"
              aria-rowindex={place + 2}
              aria-selected={row !== undefined && selected.has(row.row)}
              className={`rows-row${isCurrent ? ' is-current' : ''}${row && selected.has(row.row) ? ' is-selected' : ''}`}
              style={{ ...grid, transform: `translateY(${place * ROW}px)` }}
              onClick={() => (isCurrent ? onOpen(place) : onCurrent(place))}
              onDoubleClick={() => onOpen(place)}
            >
              {row === undefined ? (
                <span role="gridcell" className="quiet">
                  …
                </span>
              ) : (
                <>
                  <span role="gridcell">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={`Select ${row.row}`}
                      checked={selected.has(row.row)}
                      onChange={() => onSelect(row.row)}
                      onClick={(event) => event.stopPropagation()}
                    />
                  </span>
                  {columns.map((column) => (
                    <span key={column.key} role="gridcell" className={`cell${column.isNumber ? ' number' : ''}`}>
                      {column.cell(row)}
                    </span>
                  ))}
                </>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Heading({ column, view, onView }: { column: Column; view: View; onView: (view: View) => void }) {
  const sort = column.sort;
  const way = sort === undefined ? undefined : view.sort === sort ? 'ascending' : view.sort === `-${sort}` ? 'descending' : 'none';
  return (
    <span role="columnheader" aria-sort={way} className={column.isNumber ? 'number' : undefined}>
      {sort === undefined ? (
        column.title
      ) : (
        <button type="button" className="link heading" onClick={() => onView(sortedBy(view, sort))}>
          {column.title} <span aria-hidden="true">{way === 'ascending' ? '↑' : way === 'descending' ? '↓' : ''}</span>
        </button>
      )}
    </span>
  );
}
