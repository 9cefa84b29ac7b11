// The rows of a view, fetched page by page as they come into sight. The set of rows stays as it was when the view was
// opened: rows that end later are counted, and shown when the reader asks for them.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { address, get, Refused } from '../api/client';
import { useTopic } from '../api/events';
import type { RowLine, RowsPage } from '../api/types';
import { askedOf, type View } from './view';

export const PAGE = 100;
const LEAST_MS = 1_000; // between two looks, however fast rows end
const POLL_MS = 10_000; // for what no event told; rows that are still being indexed have no events
const BEHIND_MS = 2_000;

export type Head = Omit<RowsPage, 'rows' | 'at'>;
export type Pages = {
  head: Head | undefined;
  error: Refused | undefined;
  row: (place: number) => RowLine | undefined;
  // Says which rows are in sight; their pages are fetched.
  need: (pages: number[]) => void;
  // Opens the view anew, with what ended since.
  renew: () => void;
};

type State = { key: string; head?: Head; error?: Refused; pages: Map<number, RowLine[]> };

export function usePages(run: string, view: View): Pages {
  const asked = useMemo(() => askedOf(view).toString(), [view]);
  const [round, setRound] = useState(0);
  const key = `${run}?${asked}#${round}`;
  const [state, setState] = useState<State>({ key, pages: new Map() });
  const waiting = useRef(new Set<string>());
  const current = state.key === key ? state : undefined;
  const token = current?.head?.view;

  const fetchPage = useCallback(
    (page: number, viewToken: string | undefined) => {
      const place = `${key}/${page}`;
      if (waiting.current.has(place)) return;
      waiting.current.add(place);
      get<RowsPage>(pageAddress(run, asked, page * PAGE, PAGE, viewToken)).then(
        ({ rows, at, ...head }) => {
          waiting.current.delete(place);
          setState((old) => {
            const isSame = old.key === key && (viewToken === undefined || old.head?.view === viewToken);
            const pages = isSame ? new Map(old.pages) : new Map<number, RowLine[]>();
            return { key, head: isSame && old.head ? { ...head, view: old.head.view } : head, pages: pages.set(Math.floor(at / PAGE), rows) };
          });
        },
        (error: unknown) => {
          waiting.current.delete(place);
          const refused = error instanceof Refused ? error : new Refused(0, 'internal', String(error));
          setState((old) => ({ ...(old.key === key ? old : { pages: new Map() }), key, error: refused }));
        },
      );
    },
    [run, asked, key],
  );

  useEffect(() => fetchPage(0, undefined), [fetchPage]);

  // While the run goes, or its rows are still being read, look what came.
  const isMoving = current?.head !== undefined && (current.head.is_running || !current.head.is_settled);
  const isBehind = current?.head !== undefined && !current.head.is_settled;
  const lookAgain = useRef<() => void>(undefined);
  const soon = useRef<number>(undefined);
  useTopic(current?.head?.is_running ? topicOf(run) : undefined, () => {
    soon.current ??= window.setTimeout(() => {
      soon.current = undefined;
      lookAgain.current?.();
    }, LEAST_MS);
  });
  useEffect(() => () => window.clearTimeout(soon.current), []);
  useEffect(() => {
    if (!isMoving) return;
    const look = () => {
      if (document.hidden) return;
      // A finished run that is still being read is followed: its rows are there, only not found yet.
      if (isBehind && !current.head!.is_running) fetchPage(0, undefined);
      else
        get<RowsPage>(pageAddress(run, asked, 0, 0, token)).then(
          ({ newer, read, ended, in_workers, damaged, is_running, is_settled, columns }) =>
            setState((old) => (old.key === key && old.head ? { ...old, head: { ...old.head, newer, read, ended, in_workers, damaged, is_running, is_settled, columns } } : old)),
          () => undefined, // the next look may go better
        );
    };
    lookAgain.current = look;
    const timer = window.setInterval(look, isBehind ? BEHIND_MS : POLL_MS);
    return () => {
      window.clearInterval(timer);
      lookAgain.current = undefined;
    };
  });

  const pages = current?.pages;
  return {
    head: current?.head,
    error: current?.error,
    row: useCallback((place: number) => pages?.get(Math.floor(place / PAGE))?.[place % PAGE], [pages]),
    need: useCallback(
      (wanted: number[]) => {
        if (token === undefined) return;
        for (const page of wanted) if (!pages?.has(page)) fetchPage(page, token);
      },
      [pages, token, fetchPage],
    ),
    renew: useCallback(() => setRound((number) => number + 1), []),
  };
}

function pageAddress(run: string, asked: string, at: number, most: number, view: string | undefined): string {
  const query = new URLSearchParams(asked);
  query.set('at', String(at));
  query.set('most', String(most));
  if (view !== undefined) query.set('view', view);
  return `${address(`${run}/rows`)}?${query}`;
}

// The topic of a run, by the start of its addresses.
const topicOf = (run: string): string => `run:${run.split('/').slice(1).map(decodeURIComponent).join('/')}`;

// The start of every address of a run.
export function runAddress(suite: string, run: string): string {
  return `runs/${encodeURIComponent(suite)}/${encodeURIComponent(run)}`;
}
