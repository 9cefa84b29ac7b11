// Where a text that is being written belongs in the graph: to a validator, to a step of a loop, or to its node.
import { stepId, validatorId } from '../graph/drawing';
import type { Delta } from '../api/types';

export function placeOf({ node, step, validator }: Pick<Delta, 'node' | 'step' | 'validator'>): string {
  if (validator !== null) return validatorId(validator);
  return step === null ? node : stepId(node, step);
}
