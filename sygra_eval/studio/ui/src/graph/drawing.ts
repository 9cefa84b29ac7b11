// What is drawn of a graph that the server tells. A node that has an inside is a box around it: the steps of a critique
// loop, the nodes of a subgraph. A cycle of the graph has a light box too. Validators stand in a box before the end.
import type { GraphEdge, GraphNode, GraphValidator, LoopRule, SuiteGraph } from '../api/types';
import { END, QUALITY, START, type Drawing, type DrawnEdge, type DrawnNode, type Step } from './model';

const MOST_SPELLED = 4; // nodes of one cycle, in its name

export function drawingOf(graph: SuiteGraph | null, validators: GraphValidator[]): Drawing {
  const drawing: Drawing = { nodes: [], boxes: [], edges: [] };
  drawing.nodes.push({ ...PLAIN, id: START, name: 'rows', kind: 'start' });
  const last = validators.length > 0 ? QUALITY : END;
  if (graph) addGraph(drawing, graph, '', undefined, last);
  else drawing.edges.push(edgeOf(START, last));
  if (validators.length > 0) {
    drawing.boxes.push({ id: QUALITY, name: 'quality', kind: 'quality', of: undefined, box: undefined, exit: undefined });
    for (const one of validators) {
      const note = [one.kind === one.name ? '' : one.kind, one.is_required ? 'required' : 'recorded'].filter(Boolean).join(' · ');
      drawing.nodes.push({ ...PLAIN, id: validatorId(one.name), name: one.name, kind: 'validator', box: QUALITY, note });
    }
    drawing.edges.push(edgeOf(QUALITY, END));
  }
  drawing.nodes.push({ ...PLAIN, id: END, name: 'outcomes', kind: 'end' });
  return drawing;
}

export const validatorId = (name: string): string => `${QUALITY}${name}`;
export const stepId = (node: string, step: Step): string => `${node}:${step}`;
export const edgeId = (source: string, target: string): string => `${source}>${target}`;

const PLAIN = { model: undefined, box: undefined, step: undefined, note: undefined };

function addGraph(drawing: Drawing, graph: SuiteGraph, prefix: string, box: string | undefined, last: string): void {
  const known = new Set(graph.nodes.map((node) => node.name));
  const cycleOf = new Map<string, string>();
  for (const names of graph.loops) {
    const members = names.filter((name) => known.has(name));
    const id = `loop:${prefix}${members.join(',')}`;
    const shown = members.slice(0, MOST_SPELLED).join(' → ') + (members.length > MOST_SPELLED ? ' …' : '');
    drawing.boxes.push({ id, name: `loop ${shown}`, kind: 'loop', of: undefined, box, exit: exitOfCycle(graph, new Set(members)) });
    for (const name of members) cycleOf.set(name, id);
  }
  for (const node of graph.nodes) addNode(drawing, node, prefix, cycleOf.get(node.name) ?? box);
  const met = new Map<string, number>();
  for (const edge of graph.edges) {
    const isInside = prefix !== '';
    if (isInside && (edge.source === START || edge.target === END)) continue; // the box's own border
    const source = edge.source === START ? START : prefix + edge.source;
    const target = edge.target === END ? last : prefix + edge.target;
    if ((edge.source !== START && !known.has(edge.source)) || (edge.target !== END && !known.has(edge.target))) continue;
    const id = edgeId(source, edge.target === END ? END : target);
    const number = (met.get(id) ?? 0) + 1;
    met.set(id, number);
    drawing.edges.push({ ...edgeOf(source, target), id: number === 1 ? id : `${id}#${number}`, label: conditionOf(edge, graph), isBack: edge.is_back });
  }
}

function addNode(drawing: Drawing, node: GraphNode, prefix: string, box: string | undefined): void {
  const id = prefix + node.name;
  const drawn: DrawnNode = { ...PLAIN, id, name: node.name, kind: node.kind, model: node.models.join(', ') || undefined, box };
  if (node.loop) addLoop(drawing, drawn, node.loop);
  else if (node.inner && node.inner.nodes.length > 0) {
    drawing.boxes.push({ id, name: node.name, kind: 'subgraph', of: drawn, box, exit: undefined });
    addGraph(drawing, node.inner, `${id}/`, id, id);
  } else drawing.nodes.push(drawn);
}

function addLoop(drawing: Drawing, node: DrawnNode, rule: LoopRule): void {
  const hasCritic = rule.steps.includes('critique');
  const steps: Step[] = hasCritic ? ['draft', 'verify', 'critique', 'revise'] : ['draft', 'verify', 'revise'];
  drawing.boxes.push({ id: node.id, name: node.name, kind: 'loop', of: node, box: node.box, exit: exitOfLoop(rule) });
  for (const step of steps) {
    const note = step === 'verify' ? rule.accepted_by.join(', ') || undefined : undefined;
    drawing.nodes.push({ ...PLAIN, id: stepId(node.id, step), name: step, kind: 'step', box: node.id, step, note });
  }
  for (const [at, step] of steps.slice(0, -1).entries()) drawing.edges.push(edgeOf(stepId(node.id, step), stepId(node.id, steps[at + 1]!)));
  const back = edgeOf(stepId(node.id, 'revise'), stepId(node.id, 'verify'));
  drawing.edges.push({ ...back, label: roundsUpTo(rule.max_rounds), isBack: true, loop: node.id });
}

function edgeOf(source: string, target: string): DrawnEdge {
  return { id: edgeId(source, target), source, target, label: undefined, isBack: false, loop: undefined };
}

// An edge without a condition beside others that have one is taken when none of them holds.
function conditionOf(edge: GraphEdge, graph: SuiteGraph): string | undefined {
  const isElse = edge.when === null && graph.edges.some((one) => one.source === edge.source && one.when !== null);
  const told = [edge.when ?? (isElse ? 'otherwise' : undefined), edge.most === null ? undefined : `at most ${edge.most}×`].filter(Boolean);
  return told.join(', ') || undefined;
}

export function exitOfLoop(rule: LoopRule): string {
  const pass = rule.accepted_by.length > 0 ? `${rule.accepted_by.join(' and ')} pass${rule.accepted_by.length > 1 ? '' : 'es'}` : undefined;
  const ends = [rule.sentinel !== null ? `${rule.sentinel}${pass ? ` and ${pass}` : ''}` : pass, `round ${rule.max_rounds}`].filter(Boolean);
  return `ends at: ${ends.join(', or ')}`;
}

const roundsUpTo = (most: number): string => (most === 1 ? '1 round' : `up to ${most} rounds`);

function exitOfCycle(graph: SuiteGraph, members: Set<string>): string {
  const out = graph.edges.filter((edge) => members.has(edge.source) && !members.has(edge.target));
  const closed = graph.edges.filter((edge) => edge.most !== null && members.has(edge.source) && members.has(edge.target));
  const ends = [...out.map((edge) => (edge.when === null ? `otherwise → ${edge.target}` : `${edge.when} → ${edge.target}`)), ...closed.map((edge) => `${edge.source} → ${edge.target} taken ${edge.most}×`)];
  return ends.length > 0 ? `ends at: ${ends.join(', or ')}` : `ends after ${graph.max_visits} visits`;
}
