// Makes what the canvas draws of a drawing and its layout: nodes of a fixed size with the pins that they need, and
// edges that know the way they were laid out. Made once a graph; what happens in a run never comes here.
import { MarkerType, Position } from '@xyflow/react';
import type { EdgeData, FlowEdge } from './Edges';
import { labelledBy, type FlowNode, type Pin } from './Faces';
import { originOf, type Drawing, type DrawnEdge, type Layout, type Place, type Point, type Step } from './model';

// Boxes lie at the bottom, the inner ones over the outer ones.
const [LINES, FACES] = [20, 21];

type Side = { position: Position; along: number }; // along: from 0 to 1 on that side
const IN: Side = { position: Position.Left, along: 0.5 };
const OVER: Side = { position: Position.Top, along: 0.8 };
const UNDER_TITLE = 52;
const OUT: Side = { position: Position.Right, along: 0.5 };
// A critique loop stands in a square: its lines go round in it.
const ROUND: Partial<Record<`${Step}>${Step}`, [Side, Side]>> = {
  'verify>critique': [{ position: Position.Bottom, along: 0.72 }, { position: Position.Top, along: 0.72 }],
  'critique>revise': [{ position: Position.Left, along: 0.5 }, { position: Position.Right, along: 0.5 }],
  'revise>verify': [{ position: Position.Top, along: 0.5 }, { position: Position.Bottom, along: 0.28 }],
};

export function flowOf(drawing: Drawing, layout: Layout): { nodes: FlowNode[]; edges: FlowEdge[] } {
  const parent = new Map<string, string | undefined>([...drawing.boxes, ...drawing.nodes].map((one) => [one.id, one.box]));
  const sides = new Map(drawing.edges.map((edge) => [edge.id, sidesOf(edge, drawing, layout.places)]));
  const pins = pinsOf(drawing, sides, layout.places);
  const depth = (id: string | undefined): number => (id === undefined ? 0 : 1 + depth(parent.get(id)));
  const shared = (id: string) => {
    const { x, y, width, height } = layout.places[id] ?? { x: 0, y: 0, width: 1, height: 1 };
    const box = parent.get(id);
    return {
      id,
      position: { x, y },
      width,
      height,
      measured: { width, height },
      domAttributes: { 'aria-labelledby': labelledBy(id) },
      ...(box === undefined ? {} : { parentId: box }),
    };
  };
  // A box has to come before what stands in it.
  const boxes = drawing.boxes.toSorted((a, b) => depth(a.box) - depth(b.box));
  return {
    nodes: [
      ...boxes.map((drawn): FlowNode => ({ ...shared(drawn.id), type: 'box', data: { drawn, pins: pins.get(drawn.id) ?? [] }, zIndex: depth(drawn.box) })),
      ...drawing.nodes.map((drawn): FlowNode => ({ ...shared(drawn.id), type: 'face', data: { drawn, pins: pins.get(drawn.id) ?? [] }, zIndex: FACES })),
    ],
    edges: drawing.edges.map((edge) => flowEdge(edge, sides.get(edge.id)!, layout, parent)),
  };
}

function flowEdge(edge: DrawnEdge, [out, into]: [Side, Side], layout: Layout, parent: Map<string, string | undefined>): FlowEdge {
  const end = (id: string, side: Side): Point => {
    const place = layout.places[id] ?? { x: 0, y: 0, width: 0, height: 0 };
    const origin = originOf(parent.get(id), layout.places, parent);
    const at = onSide(place, side);
    return { x: origin.x + place.x + at.x, y: origin.y + place.y + at.y };
  };
  const box = parent.get(edge.source);
  const around = box === undefined ? undefined : layout.places[box];
  const isUnder = edge.isBack && out.position === Position.Bottom;
  const floor = around ? originOf(box, layout.places, parent).y + around.height - 24 : 0;
  const [from, to] = [end(edge.source, out), end(edge.target, into)];
  const data: EdgeData = {
    label: edge.label,
    loop: edge.loop,
    points: out === OVER && around ? over(from, to, { ...originOf(box, layout.places, parent), width: around.width }) : (layout.points[edge.id] ?? []),
    from,
    to,
    floor: isUnder ? floor : undefined,
  };
  return {
    id: edge.id,
    source: edge.source,
    target: edge.target,
    sourceHandle: pinId('source', out),
    targetHandle: pinId('target', into),
    type: edge.isBack ? 'back' : 'forward',
    data,
    ariaLabel: `${edge.isBack ? 'edge back' : 'edge'} from ${edge.source} to ${edge.target}${edge.label ? `, ${edge.label}` : ''}`,
    zIndex: LINES,
    markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
  };
}

// Above the nodes of its box, out of it, and down to where it leads.
function over(from: Point, to: Point, box: { x: number; y: number; width: number }): Point[] {
  const [x, y] = [box.x + box.width + 16, box.y + UNDER_TITLE];
  return [{ x: from.x, y }, { x, y }, { x, y: to.y }];
}

// Whether an edge that leaves its box would go through another node of it, and so look like an edge of that one.
function isBlocked(edge: DrawnEdge, drawing: Drawing, places: Record<string, Place>): boolean {
  const all = [...drawing.nodes, ...drawing.boxes];
  const [box, outer] = [edge.source, edge.target].map((id) => all.find((one) => one.id === id)?.box);
  const own = places[edge.source];
  if (box === undefined || box === outer || own === undefined) return false;
  return all.some((one) => {
    const place = places[one.id];
    if (one.box !== box || one.id === edge.source || place === undefined) return false;
    const middle = own.y + own.height / 2;
    return place.x > own.x && place.y < middle && middle < place.y + place.height;
  });
}

function sidesOf(edge: DrawnEdge, drawing: Drawing, places: Record<string, Place>): [Side, Side] {
  const [source, target] = [edge.source, edge.target].map((id) => drawing.nodes.find((node) => node.id === id));
  const isSquare = source?.step !== undefined && target?.step !== undefined && drawing.nodes.some((node) => node.box === source.box && node.step === 'critique');
  const round = isSquare ? ROUND[`${source.step!}>${target.step!}`] : undefined;
  if (round) return round;
  if (edge.isBack) return [{ position: Position.Bottom, along: 0.65 }, { position: Position.Bottom, along: 0.35 }];
  return [isBlocked(edge, drawing, places) ? OVER : OUT, IN];
}

function pinsOf(drawing: Drawing, sides: Map<string, [Side, Side]>, places: Record<string, Place>): Map<string, Pin[]> {
  const found = new Map<string, Map<string, Pin>>();
  const add = (id: string, type: 'source' | 'target', side: Side): void => {
    const place = places[id];
    if (!place) return;
    const those = found.get(id) ?? new Map<string, Pin>();
    const name = pinId(type, side);
    those.set(name, { id: name, type, position: side.position, ...onSide(place, side) });
    found.set(id, those);
  };
  for (const edge of drawing.edges) {
    const [out, into] = sides.get(edge.id)!;
    add(edge.source, 'source', out);
    add(edge.target, 'target', into);
  }
  return new Map([...found].map(([id, those]) => [id, [...those.values()]]));
}

const pinId = (type: string, side: Side): string => `${type}-${side.position}-${side.along}`;

function onSide({ width, height }: { width: number; height: number }, { position, along }: Side): Point {
  if (position === Position.Left) return { x: 0, y: height * along };
  if (position === Position.Right) return { x: width, y: height * along };
  return { x: width * along, y: position === Position.Top ? 0 : height };
}
