// A graph as the page draws it: nodes, boxes around some of them, and edges. What happens in it while a run goes is not
// here but in `live.ts`, so that an event never touches what is laid out. `drawing.ts` makes one of what the server tells.

export type Step = 'draft' | 'verify' | 'critique' | 'revise';

export type DrawnNode = {
  id: string;
  name: string;
  kind: string; // the node's type, or `start`, `end`, `validator`, `step`
  model: string | undefined;
  box: string | undefined; // the id of the box it stands in
  step: Step | undefined; // of a critique loop
  note: string | undefined; // one short line, as `required`
};

export type DrawnBox = {
  id: string;
  name: string;
  kind: 'loop' | 'subgraph' | 'quality';
  of: DrawnNode | undefined; // the node that the box shows the inside of; a cycle of the graph is none
  box: string | undefined;
  exit: string | undefined; // how a loop ends, in words
};

export type DrawnEdge = {
  id: string;
  source: string;
  target: string;
  label: string | undefined;
  isBack: boolean;
  loop: string | undefined; // the box whose rounds a back edge tells
};

export type Drawing = { nodes: DrawnNode[]; boxes: DrawnBox[]; edges: DrawnEdge[] };

export type Size = { width: number; height: number };
export type Place = Size & { x: number; y: number };
export type Point = { x: number; y: number };
// Places are relative to the box that something stands in; points of an edge are of the whole graph.
export type Layout = { places: Record<string, Place>; points: Record<string, Point[]> };

export const START = 'START';
export const END = 'END';
export const QUALITY = 'quality:';

const SIZES: Readonly<Record<string, Size>> = {
  start: { width: 112, height: 52 },
  end: { width: 148, height: 118 },
  validator: { width: 200, height: 62 },
  step: { width: 176, height: 74 },
};
const USUAL: Size = { width: 216, height: 112 };

export const sizeOf = (node: DrawnNode): Size => SIZES[node.kind] ?? USUAL;

// Where a box's inside begins, in the whole graph.
export function originOf(box: string | undefined, places: Record<string, Place>, parent: Map<string, string | undefined>): Point {
  const at = { x: 0, y: 0 };
  for (let one = box; one !== undefined; one = parent.get(one)) {
    at.x += places[one]?.x ?? 0;
    at.y += places[one]?.y ?? 0;
  }
  return at;
}
