// What the start dialog asks for, from what was typed into it: the body of `POST /api/runs`, or what is wrong with it.
import type { StartRun } from '../api/types';

export type Form = {
  rows: NonNullable<StartRun['rows']>;
  limit: string;
  first: string;
  last: string;
  filter: string;
  failed_of: string;
  sample: string;
  seed: string;
  concurrency: string;
  cost_usd: string;
  tokens: string;
  calls: string;
  minutes: string;
  cache: NonNullable<StartRun['cache']>;
  variant: string;
};

export const EMPTY: Form = { rows: 'all', limit: '10', first: '1', last: '', filter: '', failed_of: '', sample: '', seed: '0', concurrency: '', cost_usd: '', tokens: '', calls: '', minutes: '', cache: 'suite', variant: '' };

// Rows of a run that are run again: those that are named, or all of a view of it.
export type Again = { run: string; ids: string[]; view: string; count: number; note?: string };

export type Wrong = { field: keyof Form; message: string };

export function askedOf(suite: string, form: Form, again?: Again): { asked: StartRun } | { wrong: Wrong[] } {
  const wrong: Wrong[] = [];
  const number = (field: keyof Form, is: { isWhole: boolean; least: number; isNeeded: boolean }): number | null => {
    const text = form[field].trim().replaceAll(/[,_\s]/g, '');
    if (text === '') {
      if (is.isNeeded) wrong.push({ field, message: 'is needed' });
      return null;
    }
    const value = Number(text);
    const isFit = Number.isFinite(value) && (is.isWhole ? Number.isSafeInteger(value) && value >= is.least : value > is.least);
    if (isFit) return value;
    wrong.push({ field, message: is.isWhole ? `is a whole number from ${is.least} on` : 'is a number above 0' });
    return null;
  };
  const whole = (field: keyof Form, isNeeded = false, least = 1) => number(field, { isWhole: true, least, isNeeded });
  const some = (field: keyof Form) => number(field, { isWhole: false, least: 0, isNeeded: false });
  const is = (rows: Form['rows']) => form.rows === rows;

  const minutes = some('minutes');
  const asked: StartRun = {
    suite,
    variant: form.variant || null,
    rows: again ? 'ids' : form.rows,
    ...(again && { ids: again.ids, of_run: again.run, view: again.view }),
    limit: is('limit') ? whole('limit', true) : null,
    first: is('range') ? whole('first', true) : null,
    last: is('range') ? whole('last', true) : null,
    filter: is('filter') ? form.filter.trim() : '',
    failed_of: is('failed_of') ? form.failed_of : '',
    sample: whole('sample'),
    seed: whole('seed', true, 0) ?? 0,
    concurrency: whole('concurrency'),
    budget: { cost_usd: some('cost_usd'), tokens: whole('tokens'), calls: whole('calls'), time_s: minutes === null ? null : minutes * 60 },
    cache: form.cache,
  };
  if (is('filter') && asked.filter === '') wrong.push({ field: 'filter', message: 'is needed' });
  if (is('failed_of') && asked.failed_of === '') wrong.push({ field: 'failed_of', message: 'is needed' });
  if (typeof asked.first === 'number' && typeof asked.last === 'number' && asked.last < asked.first) wrong.push({ field: 'last', message: 'is not before the first' });
  return wrong.length > 0 ? { wrong } : { asked };
}
