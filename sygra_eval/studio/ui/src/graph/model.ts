// A graph as the page draws it: nodes, boxes around some of them, and edges. What happens in it while a run goes is not
// here but in `live.ts`, so that an event never touches what is laid out.

export type GraphNode = {
  id: string;
  name: string;
  kind: string; // `llm`, `critique_loop`, `validator`, `start` …
  model: string | undefined;
  box: string | undefined; // the id of the box it stands in
  step: Step | undefined; // of a critique loop
  note: string | undefined; // one short line: `required`, `hidden tests`
};
export type Step = 'draft' | 'verify' | 'critique' | 'revise';
export type GraphBox = {
  id: string;
  name: string;
  kind: 'loop' | 'subgraph' | 'quality';
  box: string | undefined;
  exit: string | undefined; // how a loop ends, in words
  nodeKind: string | undefined; // the kind of the node that the box stands for, if it stands for one
};
export type GraphEdge = { id: string; source: string; target: string; label: string | undefined; isBack: boolean };
export type Graph = { nodes: GraphNode[]; boxes: GraphBox[]; edges: GraphEdge[] };

export type Place = { x: number; y: number; width: number; height: number };
export type Point = { x: number; y: number };
// Places are relative to the box that something stands in; points of an edge are of the whole graph.
export type Layout = { places: Record<string, Place>; points: Record<string, Point[]> };

export const NODE: Readonly<{ width: number; height: number }> = { width: 216, height: 112 };
export const DOT: Readonly<{ width: number; height: number }> = { width: 76, height: 36 };

export const isDot = (kind: string): boolean => kind === 'start' || kind === 'end';

export function sizeOf(node: GraphNode): { width: number; height: number } {
  return isDot(node.kind) ? DOT : NODE;
}

// The nodes of each cycle, as sets of ids, and the edges that go back in it. Tarjan's way, without recursion: a graph
// may be a long chain.
export function cyclesOf(ids: string[], edges: Array<{ source: string; target: string }>): string[][] {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const edge of edges) if (next.has(edge.target)) next.get(edge.source)?.push(edge.target);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  for (const root of ids) {
    if (index.has(root)) continue;
    const work: Array<{ id: string; at: number }> = [{ id: root, at: 0 }];
    while (work.length > 0) {
      const top = work[work.length - 1]!;
      if (top.at === 0) {
        index.set(top.id, index.size);
        low.set(top.id, index.get(top.id)!);
        open.push(top.id);
        isOpen.add(top.id);
      }
      const to = next.get(top.id)![top.at];
      top.at += 1;
      if (to !== undefined) {
        if (!index.has(to)) work.push({ id: to, at: 0 });
        else if (isOpen.has(to)) low.set(top.id, Math.min(low.get(top.id)!, index.get(to)!));
        continue;
      }
      work.pop();
      const above = work[work.length - 1];
      if (above) low.set(above.id, Math.min(low.get(above.id)!, low.get(top.id)!));
      if (low.get(top.id) !== index.get(top.id)) continue;
      const members: string[] = [];
      for (;;) {
        const id = open.pop()!;
        isOpen.delete(id);
        members.push(id);
        if (id === top.id) break;
      }
      const isCycle = members.length > 1 || next.get(top.id)!.includes(top.id);
      if (isCycle) found.push(ids.filter((id) => members.includes(id)));
    }
  }
  return found;
}
