// A graph as it is seen from so far away that nobody reads a name: a handful of shapes, each of many nodes or edges.
// A thousand elements that are painted one by one cost more than a frame has time for.
import type { FlowEdge } from './Edges';
import type { FlowNode } from './Faces';
import type { LiveState } from './live';
import type { Place, Point } from './model';
import { statusOf } from './words';

// Where all nodes are now, in the whole graph; those of a box are told relative to it.
export function placesOf(nodes: FlowNode[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const node of nodes) {
    const around = node.parentId === undefined ? undefined : places.get(node.parentId); // a box comes before what is in it
    places.set(node.id, { x: node.position.x + (around?.x ?? 0), y: node.position.y + (around?.y ?? 0), width: node.width ?? 0, height: node.height ?? 0 });
  }
  return places;
}

// Which nodes stand elsewhere than they did.
export function movedIn(places: Map<string, Place>, before: Map<string, Place>): Set<string> {
  const moved = new Set<string>();
  for (const [id, now] of places) {
    const then = before.get(id);
    if (then?.x !== now.x || then.y !== now.y) moved.add(id);
  }
  return moved;
}

// The faces in one shape for each status, so that a colour is set once and not a thousand times.
export function facesOf(nodes: FlowNode[], places: Map<string, Place>, state: LiveState): Record<string, string> {
  const faces: Record<string, string> = {};
  for (const { id, type } of nodes) {
    if (type !== 'face') continue;
    const status = statusOf(state.nodes[id]);
    faces[status] = (faces[status] ?? '') + rectangle(places.get(id)!);
  }
  return faces;
}

export function boxesOf(nodes: FlowNode[], places: Map<string, Place>): string {
  return nodes.flatMap(({ id, type }) => (type === 'box' ? [rectangle(places.get(id)!)] : [])).join('');
}

export function chosenOf(nodes: FlowNode[], places: Map<string, Place>): string {
  return nodes.flatMap(({ id, selected }) => (selected ? [rectangle(places.get(id)!)] : [])).join('');
}

// An edge whose nodes stand where they were laid out goes the way that was laid out for it; any other goes straight.
export function linesOf(edges: FlowEdge[], places: Map<string, Place>, laidOut: Map<string, Place>): { lines: string; backs: string } {
  const told = { lines: '', backs: '' };
  for (const { source, target, type, data } of edges) {
    if (data === undefined) continue;
    const [one, other] = [movedBy(source, places, laidOut), movedBy(target, places, laidOut)];
    const [from, to] = [plus(data.from, one), plus(data.to, other)];
    const isAsLaidOut = one.x === 0 && one.y === 0 && other.x === 0 && other.y === 0;
    const between = data.floor === undefined ? (isAsLaidOut ? data.points : []) : [{ x: from.x, y: data.floor }, { x: to.x, y: data.floor }];
    told[type === 'back' ? 'backs' : 'lines'] += line([from, ...between, to]);
  }
  return told;
}

function movedBy(id: string, places: Map<string, Place>, laidOut: Map<string, Place>): Point {
  const [now, before] = [places.get(id), laidOut.get(id)];
  return now && before ? { x: now.x - before.x, y: now.y - before.y } : { x: 0, y: 0 };
}

const plus = (a: Point, b: Point): Point => ({ x: a.x + b.x, y: a.y + b.y });
const line = (points: Point[]): string => `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`;
const rectangle = ({ x, y, width, height }: Place): string => `M${x} ${y}h${width}v${height}h${-width}z`;
