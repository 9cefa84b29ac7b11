import { expect, test } from 'vitest';
import { drawingOf } from './drawing';
import { outlineOf } from './lines';

test('the outline goes along the edges, names every node once, and what is inside of one comes behind it', () => {
  const node = (name: string) => ({ name, kind: 'llm', models: ['m'], outputs: [], loop: null, inner: null, line: null });
  const loop = { steps: ['draft', 'critique', 'revise'], max_rounds: 2, sentinel: null, accepted_by: [] };
  const edge = (source: string, target: string, when: string | null = null) => ({ source, target, when, most: null, is_back: false });
  const graph = { nodes: [node('last'), { ...node('solve'), loop }, node('first')], edges: [edge('START', 'first'), edge('first', 'solve', 'x'), edge('solve', 'last'), edge('last', 'END')], loops: [], max_visits: 9 };

  const lines = outlineOf(drawingOf(graph, [{ name: 'tests', kind: 'tests', is_required: true }]));

  expect(lines.map((line) => [line.depth, line.name])).toEqual([[0, 'rows'], [0, 'first'], [0, 'solve'], [1, 'draft'], [1, 'verify'], [1, 'critique'], [1, 'revise'], [0, 'last'], [0, 'quality'], [1, 'tests'], [0, 'outcomes']]);
  expect(lines.find((line) => line.name === 'first')!.leads).toEqual(['solve (x)']);
  expect(lines.find((line) => line.name === 'revise')!.leads).toEqual(['back to verify (up to 2 rounds)']);
});
