// What a screen reads: fetched when its address changes, kept while it is fetched again.
import { useCallback, useEffect, useState } from 'react';
import { get, Refused } from './client';

type Resource<T> = { value: T | undefined; error: Refused | undefined; isLoading: boolean; again: () => void };

// `path` undefined asks nothing.
export function useResource<T>(path: string | undefined): Resource<T> {
  const [state, setState] = useState<{ path: string | undefined; value?: T; error?: Refused }>({ path: undefined });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === undefined) return;
    const asked = new AbortController();
    get<T>(path, asked.signal).then(
      (value) => setState({ path, value }),
      (error: unknown) => {
        if (asked.signal.aborted) return;
        const refused = error instanceof Refused ? error : new Refused(0, 'internal', String(error));
        setState((old) => (old.path === path && old.value !== undefined ? { ...old, error: refused } : { path, error: refused }));
      },
    );
    return () => asked.abort();
  }, [path, round]);
  const again = useCallback(() => setRound((number) => number + 1), []);
  const isThis = state.path === path;
  return {
    value: isThis ? state.value : undefined,
    error: isThis ? state.error : undefined,
    isLoading: path !== undefined && !isThis,
    again,
  };
}
