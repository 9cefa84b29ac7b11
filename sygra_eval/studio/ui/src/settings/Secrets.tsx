import { useId, useState, type FormEvent } from 'react';
import { address, change, Refused } from '../api/client';
import { useResource } from '../api/resource';
import type { Secret, Secrets as Told } from '../api/types';
import { Problem } from '../parts/Problem';

const SOURCES = { session: 'typed, until Studio ends', keyring: 'the system’s keyring', env: 'the environment' };

export function Secrets({ isReadOnly }: { isReadOnly: boolean }) {
  const told = useResource<Told>(address('secrets'));
  const [error, setError] = useState<Refused>();
  const [said, say] = useState('');

  async function done(work: Promise<unknown>, words: string): Promise<boolean> {
    setError(undefined);
    say('');
    try {
      await work;
      say(words);
      told.again();
      return true;
    } catch (refused) {
      setError(refused as Refused);
      return false;
    }
  }

  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">Keys of models</h2>
      <p className="quiet">
        A key goes in and is never shown again, and no file holds one: suites name the environment variable. A typed key wins over the environment, is kept in Studio’s memory and given to runs and tests that are started here.
      </p>
      {told.error && <Problem error={told.error} again={told.again} />}
      {error && <Problem error={error} />}
      <output className="said">{said}</output>
      {told.value && told.value.secrets.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Variable</th>
              <th scope="col">State</th>
              <th scope="col">From</th>
              <th scope="col">Ends with</th>
              <th scope="col">
                <span className="hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {told.value.secrets.map((secret) => (
              <Line key={secret.name} secret={secret} isReadOnly={isReadOnly} forget={() => void done(change('DELETE', address(`secrets/${encodeURIComponent(secret.name)}`)), `${secret.name} is forgotten.`)} />
            ))}
          </tbody>
        </table>
      )}
      {told.value?.secrets.length === 0 && <p>No suite or model of this folder names a key.</p>}
      {told.value && !isReadOnly && <NewKey told={told.value} done={done} />}
    </section>
  );
}

function Line({ secret, isReadOnly, forget }: { secret: Secret; isReadOnly: boolean; forget: () => void }) {
  return (
    <tr>
      <td>
        <code>{secret.name}</code>
        {!secret.is_named && <span className="quiet"> named by no suite</span>}
      </td>
      <td>{secret.is_set ? <span className="status status-pass">✓ set</span> : <span className="status status-warn">! not set</span>}</td>
      <td>{secret.source ? SOURCES[secret.source] : '–'}</td>
      <td>
        <code>{secret.fingerprint ?? '–'}</code>
      </td>
      <td className="number">
        {!isReadOnly && secret.source !== null && secret.source !== 'env' && (
          <button type="button" className="danger" onClick={forget} aria-label={`Forget ${secret.name}`}>
            Forget
          </button>
        )}
      </td>
    </tr>
  );
}

function NewKey({ told, done }: { told: Told; done: (work: Promise<unknown>, words: string) => Promise<boolean> }) {
  const missing = told.secrets.find((secret) => !secret.is_set)?.name ?? '';
  const [name, setName] = useState<string>();
  const [value, setValue] = useState('');
  const [keep, setKeep] = useState(false);
  const [id, list] = [useId(), useId()];
  const wanted = name ?? missing;

  async function put(event: FormEvent) {
    event.preventDefault();
    const given = value;
    setValue(''); // it is out of the page, whatever comes of it
    if (await done(change('PUT', address(`secrets/${encodeURIComponent(wanted)}`), { value: given, keep }), `${wanted} is set.`)) setName(undefined);
  }

  return (
    <form className="new-key" autoComplete="off" onSubmit={(event) => void put(event)}>
      <label>
        Variable
        <input list={list} value={wanted} required maxLength={128} pattern="[A-Za-z_][A-Za-z0-9_]*" title="A name of an environment variable" spellCheck={false} placeholder="SERVICE_API_KEY" onChange={(event) => setName(event.target.value)} />
      </label>
      <datalist id={list}>
        {told.secrets.map((secret) => (
          <option key={secret.name} value={secret.name}>
            {secret.name}
          </option>
        ))}
      </datalist>
      <label htmlFor={id}>
        Key
        <input id={id} type="password" value={value} required maxLength={4096} autoComplete="new-password" spellCheck={false} onChange={(event) => setValue(event.target.value)} />
      </label>
      {told.has_keyring && (
        <label className="check">
          <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} />
          Keep it in the system’s keyring
        </label>
      )}
      <button type="submit" className="primary">
        Set
      </button>
    </form>
  );
}
