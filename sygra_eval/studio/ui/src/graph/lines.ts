// The graph as a list, in the order of its ways and with what is inside of something behind it: for those who do not see
// the canvas, or do not want to.
import type { Drawing, DrawnNode } from './model';

type OutlineLine = { id: string; depth: number; name: string; kind: string; model: string | undefined; note: string | undefined; leads: string[] };

export function outlineOf(drawing: Drawing): OutlineLine[] {
  const names = new Map([...drawing.nodes, ...drawing.boxes].map((one) => [one.id, one.name]));
  const leads = new Map<string, string[]>();
  for (const edge of drawing.edges) {
    const told = `${edge.isBack ? 'back to ' : ''}${names.get(edge.target) ?? edge.target}${edge.label ? ` (${edge.label})` : ''}`;
    leads.set(edge.source, [...(leads.get(edge.source) ?? []), told]);
  }
  const lines: OutlineLine[] = [];
  function inside(box: string | undefined, depth: number): void {
    const members = ordered(drawing, box);
    for (const id of members) {
      const node = drawing.nodes.find((one) => one.id === id);
      const around = drawing.boxes.find((one) => one.id === id);
      const shown: DrawnNode | undefined = node ?? around?.of;
      lines.push({ id, depth, name: names.get(id)!, kind: shown?.kind ?? around!.kind, model: shown?.model, note: node?.note ?? around?.exit, leads: leads.get(id) ?? [] });
      if (around) inside(id, depth + 1);
    }
  }
  inside(undefined, 0);
  return lines;
}

// Members of a box along its forward edges; those that none leads to come as the document has them.
function ordered(drawing: Drawing, box: string | undefined): string[] {
  const members = [...drawing.nodes, ...drawing.boxes].filter((one) => one.box === box).map((one) => one.id);
  const own = new Set(members);
  const parent = new Map([...drawing.nodes, ...drawing.boxes].map((one) => [one.id, one.box]));
  const standsFor = (id: string): string | undefined => {
    for (let at: string | undefined = id; at !== undefined; at = parent.get(at)) if (own.has(at)) return at;
    return undefined;
  };
  const before = new Map(members.map((id) => [id, 0]));
  const after = new Map<string, string[]>();
  for (const edge of drawing.edges) {
    const [source, target] = [standsFor(edge.source), standsFor(edge.target)];
    if (edge.isBack || source === undefined || target === undefined || source === target) continue;
    before.set(target, before.get(target)! + 1);
    after.set(source, [...(after.get(source) ?? []), target]);
  }
  const ready = members.filter((id) => before.get(id) === 0);
  const out: string[] = [];
  while (ready.length > 0) {
    const id = ready.shift()!;
    out.push(id);
    for (const next of after.get(id) ?? []) {
      before.set(next, before.get(next)! - 1);
      if (before.get(next) === 0) ready.push(next);
    }
  }
  return [...out, ...members.filter((id) => !out.includes(id))];
}
