// What is said of a node in words: for its label, the outline and the announcements.
import type { NodeLive, Counts, LiveState } from './live';
import type { Drawing, DrawnNode } from './model';

export const SIGN: Readonly<Record<keyof Counts, string>> = { waiting: '…', running: '▸', ok: '✓', failed: '!' };
const KINDS: Readonly<Record<string, string>> = {
  start: 'start',
  end: 'end',
  llm: 'model',
  multi_llm: 'several models',
  best_of_n: 'best of n',
  critique_loop: 'loop',
  weighted_sampler: 'sampler',
  lambda: 'function',
  subgraph: 'subgraph',
  validator: 'validator',
  step: 'step',
};

export const kindOf = (kind: string): string => KINDS[kind] ?? kind.replaceAll('_', ' ');

export function statusOf(live: NodeLive | undefined): string {
  if (!live) return 'idle';
  const { waiting, running, ok, failed } = live.counts;
  if (running > 0) return 'running';
  if (waiting > 0) return 'waiting';
  if (failed > 0) return 'failed';
  return ok > 0 ? 'done' : 'idle';
}

export function labelOf(node: DrawnNode, live: NodeLive | undefined): string {
  const told = [`${kindOf(node.kind)} ${node.name}`];
  if (node.model) told.push(`model ${node.model}`);
  told.push(statusOf(live));
  if (live) {
    const { waiting, running, ok, failed } = live.counts;
    told.push(`${waiting} waiting, ${running} running, ${ok} ok, ${failed} failed`);
    if (live.verdicts) told.push(verdictWords(live.verdicts));
    for (const [what, count] of Object.entries(live.guardrails ?? {})) told.push(`guardrail ${what} ${count}`);
  }
  return told.join('; ');
}

export function verdictWords(verdicts: { pass: number; fail: number; error: number; skip: number }): string {
  return `verdicts: ${verdicts.pass} pass, ${verdicts.fail} fail, ${verdicts.error} error, ${verdicts.skip} skipped`;
}

// Which nodes are at work, for people who do not see the graph; the rows' counts are said beside it.
export function atWork(graph: Drawing, state: LiveState): string {
  const busy = graph.nodes.filter((node) => (state.nodes[node.id]?.counts.running ?? 0) > 0);
  if (busy.length === 0) return '';
  const named = busy.slice(0, 3).map((node) => `${node.name} ${state.nodes[node.id]!.counts.running}`);
  return `running: ${named.join(', ')}${busy.length > 3 ? ` and ${busy.length - 3} more nodes` : ''}`;
}
