// Where a text that is being written belongs in the graph: to the step of a loop, where its call names one.
import { stepId } from '../graph/drawing';
import type { Step } from '../graph/model';
import type { Writing } from './state';

const STEPS: Step[] = ['draft', 'critique', 'revise'];

export function stepOf(one: Writing): string {
  const words = one.call.split(/[^a-z_]+/);
  const step = STEPS.find((name) => words.includes(name));
  return step === undefined ? one.node : stepId(one.node, step);
}
