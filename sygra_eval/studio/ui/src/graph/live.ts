// What happens in a graph while a run goes: counts, verdicts and the text being written, by the id of node and edge.
// It lives outside of the drawn graph; a node listens to its own entry alone. However many events come, the page is
// told once a frame, and in one frame of so many entries as are drawn in a part of it; the others come in the next ones,
// with what is then the newest of them.
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
export type RowsLive = { done: number; total: number | null; inFlight: number; outcomes: Record<string, number> };
export type LiveState = { nodes: Record<string, NodeLive>; edges: Record<string, EdgeLive>; boxes: Record<string, BoxLive>; rows: RowsLive | undefined };
export type Live = {
  store: StoreApi<LiveState>;
  node: (id: string, change: Partial<NodeLive>) => void;
  edge: (id: string, count: number) => void;
  box: (id: string, rounds: string | undefined) => void;
  rows: (rows: RowsLive) => void;
  write: (id: string, text: string) => void; // the end of what is written at this node
  slow: (isSlow: boolean) => void; // nobody can read it now: a few entries a frame will do
  quiet: () => void; // nothing is written any more
};

export const NOTHING: Counts = { waiting: 0, running: 0, ok: 0, failed: 0 };
type Later = (flush: () => void) => void;
const MOST_A_FRAME = 24;
const SLOW = 6;

export function createLive(later: Later = (flush) => void requestAnimationFrame(flush), mostAFrame = MOST_A_FRAME): Live {
  const store = createStore<LiveState>(() => ({ nodes: {}, edges: {}, boxes: {}, rows: undefined }));
  const nodes: Record<string, Partial<NodeLive>> = {};
  const edges: Record<string, EdgeLive> = {};
  const boxes: Record<string, BoxLive> = {};
  let rows: RowsLive | undefined;
  let isWaiting = false;
  let most = mostAFrame;

  function soon(): void {
    if (isWaiting) return;
    isWaiting = true;
    later(flush);
  }
  function flush(): void {
    isWaiting = false;
    const old = store.getState();
    const someNodes = taken(nodes, most);
    const changed = Object.fromEntries(Object.entries(someNodes).map(([id, change]) => [id, { counts: NOTHING, ...old.nodes[id], ...change }]));
    store.setState({
      nodes: merged(old.nodes, changed),
      edges: merged(old.edges, taken(edges, most)),
      boxes: merged(old.boxes, taken(boxes, most)),
      rows: rows === undefined || isSame(rows, old.rows) ? old.rows : rows,
    });
    if ([nodes, edges, boxes].some((one) => Object.keys(one).length > 0)) soon();
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
    rows(told) {
      rows = told;
      soon();
    },
    write(id, text) {
      node(id, { text: lastLine(text).slice(-MOST_TEXT) });
    },
    slow(isSlow) {
      most = isSlow ? Math.min(SLOW, mostAFrame) : mostAFrame;
    },
    quiet() {
      for (const [id, one] of Object.entries(store.getState().nodes)) if (one.text) node(id, { text: undefined });
    },
  };
}

// What is shown where nothing runs.
export const STILL: Live = createLive();

const MOST_TEXT = 120; // one line is shown

// Takes those that wait for longest.
function taken<T>(waiting: Record<string, T>, most: number): Record<string, T> {
  const some: Record<string, T> = {};
  for (const id of Object.keys(waiting).slice(0, most)) {
    some[id] = waiting[id]!;
    delete waiting[id];
  }
  return some;
}

// What did not change keeps its very entry: who listens to it is not called.
function merged<T>(old: Record<string, T>, changed: Record<string, T>): Record<string, T> {
  const different = Object.entries(changed).filter(([id, one]) => !isSame(one, old[id]));
  return different.length === 0 ? old : { ...old, ...Object.fromEntries(different) };
}

export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [its, others] = [Object.entries(a), Object.entries(b)];
  return its.length === others.length && its.every(([key, value]) => key in b && isSame(value, (b as Record<string, unknown>)[key]));
}

// One line of a text that is being written: its last one that says something; the fence around code does not.
export function lastLine(text: string): string {
  const lines = text.slice(-2 * MOST_TEXT).split(/[\r\n]+/);
  return (lines.findLast((line) => line.trim() !== '' && !line.trim().startsWith('```')) ?? '').trim();
}
