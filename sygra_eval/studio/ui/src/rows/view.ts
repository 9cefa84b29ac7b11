// What a table of rows shows, in the address: filters, search, order, columns. A view can be sent to somebody else.
import { hashOf } from '../route';

export type View = { filters: Record<string, string[]>; q: string; sort: string; columns: string[] };

// In the order in which they are shown; the server has the same ones.
export const FACETS: ReadonlyArray<[string, string]> = [
  ['outcome', 'Outcome'],
  ['mark', 'Mark'],
  ['group', 'Reason'],
  ['fails', 'Failing validator'],
  ['test', 'Failing test'],
  ['error', 'Validator in error'],
  ['stop', 'Loop stopped by'],
  ['rounds', 'Rounds'],
  ['kept', 'Kept round'],
  ['refused', 'Sentinel refused'],
  ['model', 'Model'],
  ['guard', 'Guardrails'],
  ['guardrail', 'Failing guardrail'],
  ['skips', 'Skipped validator'],
  ['cost', 'Cost'],
  ['latency', 'Model time'],
  ['length', 'Length of the answer'],
];
const NAMES = new Set(FACETS.map(([facet]) => facet));

export const DEFAULT_COLUMNS = ['outcome', 'row', 'reason', 'rounds', 'stop', 'cost', 'latency', 'mark'];
export const VARIABLE = 'var:';

export function viewOf(query: URLSearchParams): View {
  const filters: Record<string, string[]> = {};
  for (const facet of NAMES) {
    const values = [...new Set(query.getAll(facet))];
    if (values.length > 0) filters[facet] = values;
  }
  const columns = query.getAll('col');
  return {
    filters,
    q: query.get('q') ?? '',
    sort: query.get('sort') ?? 'index',
    columns: columns.length > 0 ? columns : DEFAULT_COLUMNS,
  };
}

function queryOf(view: View): URLSearchParams {
  const query = new URLSearchParams();
  for (const [facet] of FACETS) for (const value of view.filters[facet] ?? []) query.append(facet, value);
  if (view.q !== '') query.set('q', view.q);
  if (view.sort !== 'index') query.set('sort', view.sort);
  if (view.columns.join('\n') !== DEFAULT_COLUMNS.join('\n')) for (const column of view.columns) query.append('col', column);
  return query;
}

export function hashOfView(parts: string[], view: View, more: Record<string, string> = {}): string {
  const query = queryOf(view);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const asked = query.toString();
  return `${hashOf(parts)}${asked ? `?${asked}` : ''}`;
}

// Replaces the address, so that typing into the search does not fill the history.
export function show(hash: string, replace: boolean): void {
  if (!replace) {
    window.location.hash = hash;
    return;
  }
  window.history.replaceState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

// What the server is asked for a view; the columns are for it only where they are variables of rows.
export function askedOf(view: View): URLSearchParams {
  const query = queryOf({ ...view, columns: DEFAULT_COLUMNS });
  for (const column of view.columns) if (column.startsWith(VARIABLE)) query.append('column', column.slice(VARIABLE.length));
  return query;
}

export function toggled(view: View, facet: string, value: string): View {
  const chosen = view.filters[facet] ?? [];
  const values = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  const filters = { ...view.filters, [facet]: values };
  if (values.length === 0) delete filters[facet];
  return { ...view, filters };
}

// First the way that is of use, then the other one, then the order of the source again.
export function sortedBy(view: View, column: string): View {
  const first = ['cost', 'latency', 'tokens', 'length', 'rounds', 'ended'].includes(column) ? `-${column}` : column;
  const second = first.startsWith('-') ? column : `-${column}`;
  const sort = view.sort === first ? second : view.sort === second ? 'index' : first;
  return { ...view, sort };
}

export function isFiltered(view: View): boolean {
  return view.q !== '' || Object.keys(view.filters).length > 0;
}
