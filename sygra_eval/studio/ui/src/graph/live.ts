// What happens in a graph while a run goes: counts, verdicts and the text being written, by the id of node and edge.
// It lives outside of the drawn graph; a node listens to its own entry alone. However many events come, the page is
// told once a frame.
import { createStore, type StoreApi } from 'zustand/vanilla';

export type Counts = { waiting: number; running: number; ok: number; failed: number };
export type Verdicts = { pass: number; fail: number; error: number; skip: number };
export type NodeLive = {
  counts: Counts;
  verdicts?: Verdicts | undefined;
  guardrails?: Record<string, number> | undefined; // by what came of them: `blocked`, `recorded` …
  text?: string | undefined; // the end of what a model is writing now
  cost?: string | undefined;
  latency?: string | undefined;
};
export type EdgeLive = { count: number };
export type BoxLive = { rounds: string | undefined };
export type LiveState = { nodes: Record<string, NodeLive>; edges: Record<string, EdgeLive>; boxes: Record<string, BoxLive> };
export type Live = {
  store: StoreApi<LiveState>;
  node: (id: string, change: Partial<NodeLive>) => void;
  edge: (id: string, count: number) => void;
  box: (id: string, rounds: string | undefined) => void;
  write: (id: string, text: string) => void; // more text of the answer that this node writes
  clear: () => void;
};

export const NOTHING: Counts = { waiting: 0, running: 0, ok: 0, failed: 0 };
const MOST_TEXT = 120; // one line is shown
type Later = (flush: () => void) => void;

export function createLive(later: Later = (flush) => void requestAnimationFrame(flush)): Live {
  const store = createStore<LiveState>(() => ({ nodes: {}, edges: {}, boxes: {} }));
  let nodes: Record<string, Partial<NodeLive>> = {};
  let edges: Record<string, EdgeLive> = {};
  let boxes: Record<string, BoxLive> = {};
  let isWaiting = false;

  function soon(): void {
    if (isWaiting) return;
    isWaiting = true;
    later(flush);
  }
  function flush(): void {
    isWaiting = false;
    const old = store.getState();
    const merged = { ...old.nodes };
    for (const [id, change] of Object.entries(nodes)) merged[id] = { counts: NOTHING, ...old.nodes[id], ...change };
    store.setState({ nodes: merged, edges: { ...old.edges, ...edges }, boxes: { ...old.boxes, ...boxes } }, true);
    [nodes, edges, boxes] = [{}, {}, {}];
  }
  function node(id: string, change: Partial<NodeLive>): void {
    nodes[id] = { ...nodes[id], ...change };
    soon();
  }
  return {
    store,
    node,
    edge(id, count) {
      edges[id] = { count };
      soon();
    },
    box(id, rounds) {
      boxes[id] = { rounds };
      soon();
    },
    write(id, text) {
      const before = nodes[id]?.text ?? store.getState().nodes[id]?.text ?? '';
      node(id, { text: (before + text).slice(-MOST_TEXT) });
    },
    clear() {
      [nodes, edges, boxes] = [{}, {}, {}];
      store.setState({ nodes: {}, edges: {}, boxes: {} }, true);
    },
  };
}

// One line of a text that is being written: its last one, without what would break the line.
export function lastLine(text: string): string {
  const lines = text.trimEnd().split(/[\r\n]+/);
  return (lines[lines.length - 1] ?? '').trim();
}
