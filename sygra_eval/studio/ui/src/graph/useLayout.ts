// The layout of a graph, from the one worker of the page; undefined until it is there.
import { useEffect, useState } from 'react';
import type { Drawing, Layout } from './model';

type Answer = { number: number; layout: Layout };
const asked = new Map<number, (layout: Layout) => void>();
let worker: Worker | undefined;
let last = 0;

export function useLayout(graph: Drawing | undefined): Layout | undefined {
  const [made, setMade] = useState<{ graph: Drawing; layout: Layout }>();
  useEffect(() => {
    if (graph === undefined) return;
    const number = ask(graph, (layout) => setMade({ graph, layout }));
    return () => void asked.delete(number);
  }, [graph]);
  return made?.graph === graph ? made?.layout : undefined;
}

function ask(graph: Drawing, told: (layout: Layout) => void): number {
  worker ??= started();
  last += 1;
  asked.set(last, told);
  worker.postMessage({ number: last, graph });
  return last;
}

function started(): Worker {
  const one = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
  one.onmessage = (event: MessageEvent<Answer>) => {
    const { number, layout } = event.data;
    asked.get(number)?.(layout);
    asked.delete(number);
  };
  return one;
}
