import { expect, test } from 'vitest';
import { layoutOf } from './layout';
import { type Drawing, type DrawnNode, type Place } from './model';

const node = (id: string, more: Partial<DrawnNode> = {}): DrawnNode => ({
  id, name: id, kind: 'llm', model: undefined, box: undefined, step: undefined, note: undefined, ...more,
});
const edge = (source: string, target: string, isBack = false) => ({ id: `${source}>${target}`, source, target, label: undefined, isBack, loop: undefined });
const apart = (a: Place, b: Place) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

test('no two nodes of one box cover each other, and each stands inside of its box', () => {
  const graph: Drawing = {
    nodes: [node('start', { kind: 'start' }), ...['draft', 'verify', 'critique', 'revise'].map((step) => node(step, { box: 'loop', step: step as DrawnNode['step'] })), node('a', { box: 'inner' }), node('b', { box: 'inner' }), node('end', { kind: 'end' })],
    boxes: [
      { id: 'loop', name: 'solve', kind: 'loop', box: undefined, exit: undefined, of: undefined },
      { id: 'outer', name: 'outer', kind: 'subgraph', box: undefined, exit: undefined, of: undefined },
      { id: 'inner', name: 'inner', kind: 'subgraph', box: 'outer', exit: undefined, of: undefined },
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
  const graph: Drawing = {
    nodes: steps.map((step) => node(step, { box: 'loop', step })),
    boxes: [{ id: 'loop', name: 'solve', kind: 'loop', box: undefined, exit: undefined, of: undefined }],
    edges: [],
  };

  const { places } = layoutOf(graph);

  const [draft, verify, critique, revise] = steps.map((step) => places[step]!);
  expect([revise!.x, critique!.x]).toEqual([draft!.x, verify!.x]);
  expect(revise!.y).toBe(critique!.y);
  expect(revise!.y).toBeGreaterThan(draft!.y);
});

test('an edge back does not turn the order of its nodes round', () => {
  const graph: Drawing = { nodes: [node('a'), node('b'), node('c')], boxes: [], edges: [edge('a', 'b'), edge('b', 'c'), edge('c', 'a', true)] };

  const { places } = layoutOf(graph);

  expect(places['a']!.x).toBeLessThan(places['b']!.x);
  expect(places['b']!.x).toBeLessThan(places['c']!.x);
});
