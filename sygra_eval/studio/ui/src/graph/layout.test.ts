import { expect, test } from 'vitest';
import { layoutOf } from './layout';
import { cyclesOf, type Graph, type GraphNode, type Place } from './model';

const node = (id: string, more: Partial<GraphNode> = {}): GraphNode => ({
  id, name: id, kind: 'llm', model: undefined, box: undefined, step: undefined, note: undefined, ...more,
});
const edge = (source: string, target: string, isBack = false) => ({ id: `${source}>${target}`, source, target, label: undefined, isBack });
const apart = (a: Place, b: Place) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

test('no two nodes of one box cover each other, and each stands inside of its box', () => {
  const graph: Graph = {
    nodes: [node('start', { kind: 'start' }), ...['draft', 'verify', 'critique', 'revise'].map((step) => node(step, { box: 'loop', step: step as GraphNode['step'] })), node('a', { box: 'inner' }), node('b', { box: 'inner' }), node('end', { kind: 'end' })],
    boxes: [
      { id: 'loop', name: 'solve', kind: 'loop', box: undefined, exit: undefined, nodeKind: 'critique_loop' },
      { id: 'outer', name: 'outer', kind: 'subgraph', box: undefined, exit: undefined, nodeKind: 'subgraph' },
      { id: 'inner', name: 'inner', kind: 'subgraph', box: 'outer', exit: undefined, nodeKind: 'subgraph' },
    ],
    edges: [edge('start', 'draft'), edge('draft', 'verify'), edge('verify', 'critique'), edge('critique', 'revise'), edge('revise', 'verify', true), edge('verify', 'a'), edge('a', 'b'), edge('b', 'end')],
  };

  const { places } = layoutOf(graph);

  const parents = new Map([...graph.nodes, ...graph.boxes].map((one) => [one.id, one.box]));
  for (const [id, place] of Object.entries(places)) {
    const box = parents.get(id);
    for (const [other, its] of Object.entries(places)) if (other !== id && parents.get(other) === box) expect(apart(place, its), `${id} ${other}`).toBe(true);
    if (box === undefined) continue;
    const around = places[box]!;
    expect([place.x >= 0, place.y >= 0, place.x + place.width <= around.width, place.y + place.height <= around.height], id).toEqual([true, true, true, true]);
  }
  expect(places['start']!.x).toBeLessThan(places['loop']!.x);
  expect(places['loop']!.x).toBeLessThan(places['outer']!.x);
});

test('a critique loop is a square: revise stands under draft, critique under verify', () => {
  const steps = ['draft', 'verify', 'critique', 'revise'] as const;
  const graph: Graph = {
    nodes: steps.map((step) => node(step, { box: 'loop', step })),
    boxes: [{ id: 'loop', name: 'solve', kind: 'loop', box: undefined, exit: undefined, nodeKind: undefined }],
    edges: [],
  };

  const { places } = layoutOf(graph);

  const [draft, verify, critique, revise] = steps.map((step) => places[step]!);
  expect([revise!.x, critique!.x]).toEqual([draft!.x, verify!.x]);
  expect(revise!.y).toBe(critique!.y);
  expect(revise!.y).toBeGreaterThan(draft!.y);
});

test('an edge back does not turn the order of its nodes round', () => {
  const graph: Graph = { nodes: [node('a'), node('b'), node('c')], boxes: [], edges: [edge('a', 'b'), edge('b', 'c'), edge('c', 'a', true)] };

  const { places } = layoutOf(graph);

  expect(places['a']!.x).toBeLessThan(places['b']!.x);
  expect(places['b']!.x).toBeLessThan(places['c']!.x);
});

test('cycles are found, also of one node, and a long chain is none', () => {
  const chain = Array.from({ length: 20_000 }, (_, number) => `n${number}`);
  const along = chain.slice(1).map((target, number) => ({ source: chain[number]!, target }));

  expect(cyclesOf(chain, along)).toEqual([]);
  expect(cyclesOf(['a', 'b', 'c', 'd'], [edge('a', 'b'), edge('b', 'c'), edge('c', 'b'), edge('d', 'd')])).toEqual([['b', 'c'], ['d']]);
});
