import { expect, test } from 'vitest';
import type { GraphEdge, GraphNode } from '../api/types';
import { drawingOf } from './drawing';
import { flowOf } from './flow';
import { layoutOf } from './layout';

const node = (name: string): GraphNode => ({ name, kind: 'llm', models: [], outputs: [], loop: null, inner: null, line: null });
const edge = (source: string, target: string, is_back = false): GraphEdge => ({ source, target, when: null, most: null, is_back });

test('the way out of a cycle goes over the nodes behind it, and not through them as if it were theirs', () => {
  const drawing = drawingOf({ nodes: [node('critic'), node('revise')], edges: [edge('START', 'critic'), edge('critic', 'revise'), edge('revise', 'critic', true), edge('critic', 'END')], loops: [['critic', 'revise']], max_visits: 9 }, []);
  const layout = layoutOf(drawing);

  const { nodes, edges } = flowOf(drawing, layout);

  const out = edges.find((one) => one.id === 'critic>END')!;
  const box = layout.places['loop:critic,revise']!;
  const top = box.y + layout.places['revise']!.y;
  expect(out.data!.points.length).toBe(3);
  expect(out.data!.points[0]!.y).toBeLessThan(top);
  expect(out.data!.points[1]!.x).toBeGreaterThan(box.x + box.width);
  expect(edges.find((one) => one.id === 'revise>critic')).toMatchObject({ type: 'back', data: { floor: box.y + box.height - 24 } });
  expect(nodes.map((one) => one.id)).toEqual(['loop:critic,revise', 'START', 'critic', 'revise', 'END']); // a box before what is in it
});

test('each end of an edge is a pin on its node', () => {
  const drawing = drawingOf(null, [{ name: 'a', kind: 'a', is_required: true }]);

  const { nodes, edges } = flowOf(drawing, layoutOf(drawing));

  const pins = new Map(nodes.map((one) => [one.id, one.data.pins.map((pin) => pin.id)]));
  for (const one of edges) {
    expect(pins.get(one.source)).toContain(one.sourceHandle);
    expect(pins.get(one.target)).toContain(one.targetHandle);
  }
});
