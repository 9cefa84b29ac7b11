// Lays graphs out beside the page's own thread: 200 nodes take a second on a slow machine.
import { layoutOf } from './layout';
import type { Drawing } from './model';

self.onmessage = (event: MessageEvent<{ number: number; graph: Drawing }>) => {
  const { number, graph } = event.data;
  self.postMessage({ number, layout: layoutOf(graph) });
};
