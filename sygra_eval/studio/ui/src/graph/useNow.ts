// The live state, looked at now and then: for what is read and not watched.
import { useEffect, useState } from 'react';
import type { Live, LiveState } from './live';

export function useNow(live: Live, everyMs: number): LiveState {
  const [state, setState] = useState(() => live.store.getState());
  useEffect(() => {
    setState(live.store.getState());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = live.store.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setState(live.store.getState());
      }, everyMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [live, everyMs]);
  return state;
}
