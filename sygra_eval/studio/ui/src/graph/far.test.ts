import { expect, test } from 'vitest';
import type { GraphEdge, GraphNode } from '../api/types';
import { drawingOf } from './drawing';
import { boxesOf, facesOf, linesOf, movedIn, placesOf } from './far';
import { flowOf } from './flow';
import { layoutOf } from './layout';
import { createLive, NOTHING } from './live';

const node = (name: string): GraphNode => ({ name, kind: 'llm', models: [], outputs: [], loop: null, inner: null, line: null });
const edge = (source: string, target: string, is_back = false): GraphEdge => ({ source, target, when: null, most: null, is_back });
const drawing = drawingOf({ nodes: [node('a'), node('b')], edges: [edge('START', 'a'), edge('a', 'b'), edge('b', 'a', true), edge('b', 'END')], loops: [['a', 'b']], max_visits: 9 }, []);
const { nodes, edges } = flowOf(drawing, layoutOf(drawing));
const times = (shape: string | undefined, sign: string): number => (shape ?? '').split(sign).length - 1;

test('a graph far away has each node, box and edge, and each node under its own status', () => {
  const live = createLive((flush) => flush());
  live.node('a', { counts: { ...NOTHING, running: 2 } });
  live.node('b', { counts: { ...NOTHING, ok: 3, failed: 1 } });

  const places = placesOf(nodes);
  const faces = facesOf(nodes, places, live.store.getState());
  const { lines, backs } = linesOf(edges, places, places);

  expect(Object.fromEntries(Object.entries(faces).map(([status, shape]) => [status, times(shape, 'z')]))).toEqual({ idle: 2, running: 1, failed: 1 });
  expect([times(boxesOf(nodes, places), 'z'), times(lines, 'M'), times(backs, 'M')]).toEqual([1, 3, 1]);
});

test('what stands in a box is drawn where it is in the whole graph, also when the box was moved', () => {
  const moved = nodes.map((one) => (one.type === 'box' ? { ...one, position: { x: one.position.x + 100, y: one.position.y } } : one));

  const [before, after] = [placesOf(nodes), placesOf(moved)];

  expect(after.get('a')!.x - before.get('a')!.x).toBe(100);
  expect(after.get('START')).toEqual(before.get('START'));
  expect(movedIn(after, before)).toEqual(new Set([...nodes.filter((one) => one.type === 'box').map((one) => one.id), 'a', 'b']));
});

test('the lines of a node that was dragged end where it is now', () => {
  const dragged = nodes.map((one) => (one.id === 'END' ? { ...one, position: { x: one.position.x, y: one.position.y + 500 } } : one));
  const out = edges.filter((one) => one.target === 'END');

  const { lines } = linesOf(out, placesOf(dragged), placesOf(nodes));

  const { from, to } = out[0]!.data!;
  expect(lines).toBe(`M${from.x} ${from.y}L${to.x} ${to.y + 500}`);
});
