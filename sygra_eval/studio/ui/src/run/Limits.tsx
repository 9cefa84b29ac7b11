// What a run that goes may send: calls at a time and rates, by endpoint and by model. Only what was changed is sent.
import { useState } from 'react';
import { address, change, Refused } from '../api/client';
import type { Done, EndpointNow, LimitChange, LimitChanges } from '../api/types';
import { Dialog } from '../parts/Dialog';
import { Problem } from '../parts/Problem';
import { changesOf, type Typed } from './limitChanges';

const COLUMNS = [
  { limit: 'max_concurrency', name: 'At a time' },
  { limit: 'rpm', name: 'Requests / min' },
  { limit: 'tpm', name: 'Tokens / min' },
] as const;

export function Limits({ here, endpoints, onClose, onDone }: { here: string; endpoints: EndpointNow[]; onClose: () => void; onDone: (told: string) => void }) {
  const [shown] = useState(endpoints); // as they were when it was opened: figures in flight do not move what is typed
  const [typed, setTyped] = useState<Typed>({});
  const [error, setError] = useState<Refused>();
  const changes: LimitChange[] | string = changesOf(shown, typed);

  async function send(): Promise<void> {
    if (typeof changes === 'string') return;
    try {
      const body: LimitChanges = { changes };
      onDone((await change<Done>('PATCH', address(`${here}/limits`), body)).told);
      onClose();
    } catch (reason) {
      setError(reason instanceof Refused ? reason : new Refused(0, 'internal', String(reason)));
    }
  }
  return (
    <Dialog title="Limits" onClose={onClose}>
      <form onSubmit={(event) => (event.preventDefault(), void send())}>
        <p className="quiet">They hold from now on, and are written into the journal. An empty rate is no limit.</p>
        <table className="limits">
          <thead>
            <tr>
              <th scope="col">Endpoint or model</th>
              {COLUMNS.map((column) => (
                <th key={column.limit} scope="col">
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.of}>
                <th scope="row">{one.of}</th>
                {COLUMNS.map(({ limit, name }) => (
                  <td key={limit}>
                    <input aria-label={`${name} of ${one.of}`} inputMode="numeric" size={8} value={typed[one.of]?.[limit] ?? valueOf(one, limit)} onChange={(event) => setTyped({ ...typed, [one.of]: { ...typed[one.of], [limit]: event.target.value } })} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {typeof changes === 'string' && (
          <p className="is-bad" role="alert">
            {changes}
          </p>
        )}
        {error && <Problem error={error} />}
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={typeof changes === 'string' || changes.length === 0}>
            Change
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function valueOf(one: EndpointNow, limit: LimitChange['limit']): string {
  const value = limit === 'max_concurrency' ? one.max_concurrency : limit === 'rpm' ? one.requests_per_minute : one.tokens_per_minute;
  return value === null ? '' : String(value);
}
