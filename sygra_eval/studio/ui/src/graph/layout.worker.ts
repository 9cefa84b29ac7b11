// Lays graphs out beside the page's own thread: 200 nodes take a second on a slow machine.
import { layoutOf } from './layout';
import type { Graph } from './model';

self.onmessage = (event: MessageEvent<{ number: number; graph: Graph }>) => {
  const { number, graph } = event.data;
  self.postMessage({ number, layout: layoutOf(graph) });
};
