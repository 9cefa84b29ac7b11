import { expect, test } from 'vitest';
import type { GraphEdge, GraphNode, SuiteGraph } from '../api/types';
import { drawingOf, exitOfLoop } from './drawing';

const node = (name: string, more: Partial<GraphNode> = {}): GraphNode => ({ name, kind: 'llm', models: [], outputs: [], loop: null, inner: null, line: null, ...more });
const edge = (source: string, target: string, more: Partial<GraphEdge> = {}): GraphEdge => ({ source, target, when: null, most: null, is_back: false, ...more });
const graph = (nodes: GraphNode[], edges: GraphEdge[], loops: string[][] = []): SuiteGraph => ({ nodes, edges, loops, max_visits: 25 });
const rule = { steps: ['draft', 'critique', 'revise'], max_rounds: 4, sentinel: 'NO MORE FEEDBACK', accepted_by: ['unit_tests'] };

test('a critique loop is a box of its four steps with an edge back, and validators stand before the end', () => {
  const drawing = drawingOf(graph([node('solve', { kind: 'critique_loop', loop: rule })], [edge('START', 'solve'), edge('solve', 'END')]), [{ name: 'tests', kind: 'unit_tests', is_required: true }]);

  expect(drawing.nodes.filter((one) => one.box === 'solve').map((one) => one.step)).toEqual(['draft', 'verify', 'critique', 'revise']);
  expect(drawing.edges.filter((one) => one.isBack).map((one) => [one.id, one.label, one.loop])).toEqual([['solve:revise>solve:verify', 'up to 4 rounds', 'solve']]);
  expect(drawing.edges.find((one) => one.id === 'solve>END')!.target).toBe('quality:');
  expect(drawing.nodes.find((one) => one.kind === 'validator')).toMatchObject({ name: 'tests', note: 'unit_tests · required', box: 'quality:' });
});

test('a cycle of the graph has a box, and its way out in words', () => {
  const drawing = drawingOf(
    graph(
      [node('critic'), node('revise')],
      [edge('START', 'critic'), edge('critic', 'revise', { when: "x == 'no'", most: 3 }), edge('revise', 'critic', { is_back: true }), edge('critic', 'END')],
      [['critic', 'revise']],
    ),
    [],
  );

  expect(drawing.boxes).toEqual([{ id: 'loop:critic,revise', name: 'loop critic → revise', kind: 'loop', of: undefined, box: undefined, exit: 'ends at: otherwise → END, or critic → revise taken 3×' }]);
  expect(drawing.nodes.filter((one) => one.box === 'loop:critic,revise').map((one) => one.id)).toEqual(['critic', 'revise']);
  expect(drawing.edges.find((one) => one.id === 'critic>revise')!.label).toBe("x == 'no', at most 3×");
  expect(drawing.edges.map((one) => one.label).filter((label) => label === 'otherwise').length).toBe(1);
});

test('a subgraph is a box; two edges between the same nodes have two ids; what leads nowhere is left out', () => {
  const inner = graph([node('a'), node('b')], [edge('START', 'a'), edge('a', 'b'), edge('a', 'b', { when: 'y' }), edge('b', 'END')]);

  const drawing = drawingOf(graph([node('outer', { kind: 'subgraph', inner })], [edge('START', 'outer'), edge('outer', 'END'), edge('outer', 'nowhere')]), []);

  expect(drawing.edges.map((one) => one.id)).toEqual(['outer/a>outer/b', 'outer/a>outer/b#2', 'START>outer', 'outer>END']);
  expect(drawing.boxes.map((one) => [one.id, one.of?.kind])).toEqual([['outer', 'subgraph']]);
});

test('a suite without a graph leads from its rows to what judges them', () => {
  expect(drawingOf(null, [{ name: 'a', kind: 'a', is_required: false }]).edges.map((one) => one.id)).toEqual(['START>quality:', 'quality:>END']);
});

test('how a loop ends is said with what has to pass for it', () => {
  expect(exitOfLoop(rule)).toBe('ends at: NO MORE FEEDBACK and unit_tests passes, or round 4');
  expect(exitOfLoop({ ...rule, sentinel: null, accepted_by: ['a', 'b'] })).toBe('ends at: a and b pass, or round 4');
  expect(exitOfLoop({ ...rule, sentinel: null, accepted_by: [] })).toBe('ends at: round 4');
});
