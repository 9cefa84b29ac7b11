// Where everything stands. Boxes are laid out from the inside out: what is in one is placed first, then the box is one
// node of what is around it. A critique loop is a square, so that it looks like the loop that it is; all else is dagre.
import dagre from '@dagrejs/dagre';
import { originOf, sizeOf, type Drawing, type DrawnNode, type Layout, type Place, type Point, type Size } from './model';

const PAD = 20;
const HEAD = 64; // a box's title and counts
const FOOT = 40; // room under a box's nodes for the edge that goes back
const HIGH = 5; // so many stand under each other where no edge orders them
const GAP = { rank: 72, node: 28 };
type Inside = Size & { places: Record<string, Place>; points: Record<string, Point[]> };

export function layoutOf(graph: Drawing): Layout {
  const parent = new Map<string, string | undefined>([
    ...graph.nodes.map((node): [string, string | undefined] => [node.id, node.box]),
    ...graph.boxes.map((box): [string, string | undefined] => [box.id, box.box]),
  ]);
  const all: Layout = { places: {}, points: {} };

  function sizeInside(box: string | undefined): Size {
    const members = [
      ...graph.nodes.filter((node) => node.box === box).map((node) => ({ id: node.id, size: sizeOf(node), node })),
      ...graph.boxes.filter((one) => one.box === box).map((one) => ({ id: one.id, size: sizeInside(one.id), node: undefined })),
    ];
    const edges = graph.edges.flatMap((edge) => {
      const source = standsFor(edge.source, box, parent);
      const target = standsFor(edge.target, box, parent);
      return source === undefined || target === undefined || source === target ? [] : [{ ...edge, source, target, ends: edge }];
    });
    const inside = squareOf(members) ?? columnsOf(members, edges, box) ?? byDagre(members, edges, box !== undefined);
    Object.assign(all.places, inside.places);
    Object.assign(all.points, inside.points);
    return { width: inside.width, height: inside.height };
  }

  sizeInside(undefined);
  return absolutePoints(all, graph, parent);
}

// What of `box`'s own members holds `id`; undefined where none does.
function standsFor(id: string, box: string | undefined, parent: Map<string, string | undefined>): string | undefined {
  let at: string | undefined = id;
  while (at !== undefined && parent.has(at)) {
    const above: string | undefined = parent.get(at);
    if (above === box) return at;
    at = above;
  }
  return undefined;
}

type Member = { id: string; size: Size; node: DrawnNode | undefined };

// draft → verify, down to critique, back by revise. Where a step is missing (`best_of_n`), dagre does it.
function squareOf(members: Member[]): Inside | undefined {
  const at = new Map(members.map((member) => [member.node?.step, member]));
  if (members.length !== 4 || at.size !== 4 || at.has(undefined)) return undefined;
  const { width, height } = members[0]!.size;
  const [right, down] = [width + 56, height + 66];
  const place = (step: DrawnNode['step'], x: number, y: number): [string, Place] => [at.get(step)!.id, { x: PAD + x, y: HEAD + y, width, height }];
  return {
    places: Object.fromEntries([place('draft', 0, 0), place('verify', right, 0), place('critique', right, down), place('revise', 0, down)]),
    points: {},
    width: right + width + 2 * PAD,
    height: down + height + HEAD + PAD,
  };
}

// What no edge orders, as validators, in columns.
function columnsOf(members: Member[], edges: Between[], box: string | undefined): Inside | undefined {
  if (box === undefined || edges.length > 0 || members.length === 0) return undefined;
  const columns = Math.ceil(members.length / HIGH);
  const rows = Math.ceil(members.length / columns);
  const width = Math.max(...members.map((member) => member.size.width));
  const height = Math.max(...members.map((member) => member.size.height));
  const at = (number: number) => ({ x: PAD + Math.floor(number / rows) * (width + 16), y: HEAD - 20 + (number % rows) * (height + 10) });
  return {
    places: Object.fromEntries(members.map((member, number) => [member.id, { ...member.size, ...at(number) }])),
    points: {},
    width: 2 * PAD + columns * width + (columns - 1) * 16,
    height: HEAD - 20 + rows * height + (rows - 1) * 10 + PAD,
  };
}

type Between = { id: string; source: string; target: string; isBack: boolean; label: string | undefined; ends: { source: string; target: string } };

function byDagre(members: Member[], edges: Between[], isBox: boolean): Inside {
  const of = new dagre.graphlib.Graph({ multigraph: true });
  of.setGraph({ rankdir: 'LR', ranksep: GAP.rank, nodesep: GAP.node, edgesep: 16 });
  of.setDefaultEdgeLabel(() => ({}));
  for (const member of members) of.setNode(member.id, { ...member.size });
  for (const edge of edges) {
    // An edge back is given turned round: then its nodes stand in the order in which they are first visited.
    const [from, to] = edge.isBack ? [edge.target, edge.source] : [edge.source, edge.target];
    const room = edge.label === undefined ? 8 : Math.min(150, 24 + edge.label.length * 6);
    of.setEdge(from, to, { width: edge.isBack ? 0 : room, height: edge.isBack ? 0 : 18, labelpos: 'c', weight: edge.isBack ? 0 : 1 }, edge.id);
  }
  dagre.layout(of);
  const [left, top] = isBox ? [PAD, HEAD] : [0, 0];
  const places: Record<string, Place> = {};
  let [width, height] = [0, 0];
  for (const member of members) {
    const at = of.node(member.id) as { x: number; y: number };
    const place = { ...member.size, x: Math.round(at.x - member.size.width / 2) + left, y: Math.round(at.y - member.size.height / 2) + top };
    places[member.id] = place;
    width = Math.max(width, place.x + place.width);
    height = Math.max(height, place.y + place.height);
  }
  const points: Record<string, Point[]> = {};
  for (const edge of edges) {
    const isDirect = edge.source === edge.ends.source && edge.target === edge.ends.target;
    if (edge.isBack || !isDirect) continue;
    const line = (of.edge({ v: edge.source, w: edge.target, name: edge.id }) as { points?: Point[] }).points ?? [];
    points[edge.id] = line.slice(1, -1).map((point) => ({ x: Math.round(point.x) + left, y: Math.round(point.y) + top }));
  }
  const hasBack = edges.some((edge) => edge.isBack);
  return { places, points, width: width + (isBox ? PAD : 0), height: height + (isBox ? (hasBack ? FOOT + PAD : PAD) : 0) };
}

function absolutePoints(all: Layout, graph: Drawing, parent: Map<string, string | undefined>): Layout {
  const points: Record<string, Point[]> = {};
  for (const edge of graph.edges) {
    const line = all.points[edge.id];
    if (!line) continue;
    const origin = originOf(parent.get(edge.source), all.places, parent);
    points[edge.id] = line.map((point) => ({ x: point.x + origin.x, y: point.y + origin.y }));
  }
  return { places: all.places, points };
}
