// The live state, looked at now and then: for what is read and not watched.
import { useCallback, useSyncExternalStore } from 'react';
import type { Live, LiveState } from './live';

export function useLiveNow(live: Live, everyMs: number): LiveState {
  const listen = useCallback(
    (changed: () => void) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = live.store.subscribe(() => {
        timer ??= setTimeout(() => {
          timer = undefined;
          changed();
        }, everyMs);
      });
      return () => {
        stop();
        clearTimeout(timer);
      };
    },
    [live, everyMs],
  );
  return useSyncExternalStore(listen, () => live.store.getState());
}
