// Records that were fetched, the last few kept: the next one is there before it is asked for.
import { useCallback, useEffect, useState } from 'react';
import { address, get, Refused } from '../api/client';
import type { RecordTold } from '../api/types';

const KEPT = 12;
const MOVING_MS = 1_500;
const kept = new Map<string, Promise<RecordTold>>();

function recordOf(path: string): Promise<RecordTold> {
  const known = kept.get(path);
  if (known) return known;
  const asked = get<RecordTold>(path);
  kept.set(path, asked);
  while (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  asked.then(
    (record) => record.outcome === 'running' && kept.delete(path),
    () => kept.delete(path),
  );
  return asked;
}

export function prefetch(run: string, row: string | undefined): void {
  if (row !== undefined) void recordOf(address(`${run}/row`, { row })).catch(() => undefined);
}

export function useRecord(run: string, row: string): { record: RecordTold | undefined; error: Refused | undefined; again: () => void } {
  const path = address(`${run}/row`, { row });
  const [state, setState] = useState<{ path: string; record?: RecordTold; error?: Refused }>({ path });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isWanted = true;
    let timer = 0;
    const look = () =>
      recordOf(path).then(
        (record) => {
          if (!isWanted) return;
          setState({ path, record });
          if (record.outcome === 'running') timer = window.setTimeout(look, MOVING_MS);
        },
        (error: unknown) => {
          if (isWanted) setState({ path, error: error instanceof Refused ? error : new Refused(0, 'internal', String(error)) });
        },
      );
    void look();
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [path, round]);
  const isThis = state.path === path;
  return {
    record: isThis ? state.record : undefined,
    error: isThis ? state.error : undefined,
    again: useCallback(() => setRound((number) => number + 1), []),
  };
}
