// A test of a model, followed while it runs.
import { useCallback, useEffect, useState } from 'react';
import { address, change, get, Refused } from '../api/client';
import { useTopic } from '../api/events';
import type { ModelAsked, ModelTestTold } from '../api/types';

const AGAIN_MS = 1_000; // for what no event told: the stream was cut, or it ended before we listened

export type Testing = { test: ModelTestTold | undefined; error: Refused | undefined; start: (asked: ModelAsked) => Promise<void>; stop: () => void };

export function useModelTest(before?: ModelTestTold | null, ended?: () => void): Testing {
  const [test, setTest] = useState<ModelTestTold | undefined>(before ?? undefined);
  const [error, setError] = useState<Refused>();
  useTopic(test?.state === 'running' ? `test:${test.id}` : undefined, ({ event, data }) => {
    if (event !== 'step') return;
    const now = data as ModelTestTold;
    setTest(now);
    if (now.state !== 'running') ended?.();
  });
  useEffect(() => {
    if (test?.state !== 'running') return;
    const timer = setTimeout(() => {
      get<ModelTestTold>(address(`model-tests/${test.id}`)).then(
        (now) => {
          setTest(now);
          if (now.state !== 'running') ended?.();
        },
        (problem: unknown) => setError(problem instanceof Refused ? problem : new Refused(0, 'internal', String(problem))),
      );
    }, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [test, ended]);
  const start = useCallback(async (asked: ModelAsked) => {
    setError(undefined);
    try {
      setTest(await change<ModelTestTold>('POST', address('model-tests'), asked));
    } catch (problem) {
      setTest(undefined);
      setError(problem instanceof Refused ? problem : new Refused(0, 'internal', String(problem)));
    }
  }, []);
  const stop = useCallback(() => {
    if (test?.state === 'running') void change('DELETE', address(`model-tests/${test.id}`)).catch(() => undefined);
  }, [test]);
  return { test, error, start, stop };
}
