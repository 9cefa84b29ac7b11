// A run as its page shows it: one snapshot, then the events. They are taken once a frame, for the graph; the figures and
// lists beside it are drawn anew a few times a second, which is as fast as they can be read.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { subscribe, type StudioEvent } from '../api/events';
import { address, get, Refused } from '../api/client';
import type { RunSnapshot } from '../api/types';
import { drawingOf } from '../graph/drawing';
import { feedCounts } from '../graph/feed';
import { createLive, isSame, type Live } from '../graph/live';
import type { Drawing } from '../graph/model';
import { begun, took, type RunPage } from './state';

const READABLE_MS = 250;

export type Shown = { page: RunPage | undefined; error: Refused | undefined; drawing: Drawing | undefined; live: Live; again: () => void };

export const runAddress = (suite: string, run: string): string => `runs/${encodeURIComponent(suite)}/${encodeURIComponent(run)}`;

export function useRun(suite: string, run: string): Shown {
  const [page, setPage] = useState<RunPage>();
  const [error, setError] = useState<Refused>();
  const [round, setRound] = useState(0);
  const live = useMemo(() => createLive(), []);
  const latest = useRef<RunPage>(undefined);
  const waiting = useRef<StudioEvent[]>([]); // events that no frame has taken yet

  const soon = useRef<ReturnType<typeof setTimeout>>(undefined);
  const draw = useCallback((next: RunPage) => {
    const isNew = latest.current === undefined;
    latest.current = next;
    if (isNew) setPage(next);
    else soon.current ??= setTimeout(() => {
      soon.current = undefined;
      setPage(latest.current);
    }, READABLE_MS);
  }, []);
  const show = useCallback(
    (next: RunPage) => {
      if (latest.current?.counts !== next.counts) feedCounts(live, next.counts);
      if (latest.current?.writing !== next.writing) for (const one of next.writing) live.write(one.place, one.text);
      draw(next);
    },
    [live, draw],
  );
  const again = useCallback(() => setRound((number) => number + 1), []);
  const take = useCallback(() => {
    if (!latest.current) return;
    const next = waiting.current.splice(0).reduce(took, latest.current);
    show(next.needsSnapshot ? { ...next, needsSnapshot: false } : next);
    if (next.needsSnapshot) again();
  }, [show, again]);

  useEffect(() => {
    const asked = new AbortController();
    get<RunSnapshot>(address(runAddress(suite, run)), asked.signal).then(
      (snapshot) => {
        setError(undefined);
        show(begun(keptGraph(snapshot, latest.current?.snapshot), latest.current));
        take(); // what came before it: that the run ended may be among it
      },
      (reason: unknown) => {
        if (!asked.signal.aborted) setError(reason instanceof Refused ? reason : new Refused(0, 'internal', String(reason)));
      },
    );
    return () => asked.abort();
  }, [suite, run, round, show, take]);

  useEffect(() => {
    let frame = 0;
    const stop = subscribe(`run:${suite}/${run}`, (event) => {
      waiting.current.push(event);
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        take();
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [suite, run, take]);

  const graph = page?.snapshot.graph;
  const validators = page?.snapshot.validators;
  const drawing = useMemo(() => {
    if (graph === undefined || validators === undefined || (graph === null && validators.length === 0)) return undefined;
    return drawingOf(graph, validators);
  }, [graph, validators]);
  return { page, error, drawing, live, again };
}

// The same graph told again is the same object: it is not laid out again, and stays where it was moved to.
function keptGraph(snapshot: RunSnapshot, before: RunSnapshot | undefined): RunSnapshot {
  if (!before || !isSame(before.graph, snapshot.graph) || !isSame(before.validators, snapshot.validators)) return snapshot;
  return { ...snapshot, graph: before.graph, validators: before.validators };
}
