// One model: its fields, its test, and what Save will write.
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { address, change, Refused } from '../api/client';
import type { ModelCard, ModelDraft, ModelsTold, ModelType } from '../api/types';
import { Diff } from '../parts/Diff';
import { Lights } from '../parts/Lights';
import { Problem } from '../parts/Problem';
import { SchemaForm, WrongText, type Wrong } from '../parts/SchemaForm';
import type { Schema, Value } from '../parts/schema';
import { useModelTest } from './modelTest';

const PAUSE_MS = 300;
const KEY_FIELDS = ['api_key_env', 'token_env'];

type Props = { type: ModelType; types: ModelType[]; card: ModelCard | undefined; told: ModelsTold; onSaved: (name: string) => void };

export function ModelEditor({ type, card, told, onSaved }: Props) {
  const [name, setName] = useState(card?.name ?? '');
  const [entry, setEntry] = useState<Value>(card?.entry ?? { use: type.use, ...type.begins_with });
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isTried, setTried] = useState(card !== undefined);
  const [error, setError] = useState<Refused>();
  const [known, setKnown] = useState<string[]>();
  const key = useKey(keyName(entry));
  const { draft, problem, again } = useDraft(name, entry, card?.name, key.round);
  const testing = useModelTest(card?.last_test);
  const first = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => first.current?.focus(), []);

  const isTaken = card === undefined && told.models.some((one) => one.is_editable && one.name === name);
  const nameWrong = nameProblems(name, isTaken);
  const wrong: Wrong[] = [...nameWrong, ...(draft?.problems ?? [])];
  const shown = wrong.filter((one) => isTried || [...touched].some((path) => one.field === path || one.field.startsWith(`${path}.`)));
  const whole = shown.filter((one) => one.field === '');
  const fieldErrors = wrong.filter((one) => one.severity === 'error');

  const test = async () => {
    setTried(true);
    if (await key.send()) void testing.start({ name: name || 'new', entry });
  };
  const list = async () => {
    setError(undefined);
    try {
      if (!(await key.send())) return;
      setKnown(await change<string[]>('POST', address('model-lists'), { name: name || 'new', entry }));
    } catch (refused) {
      setError(refusedOf(refused));
    }
  };
  const save = async () => {
    setTried(true);
    setError(undefined);
    if (fieldErrors.length > 0 || !draft) {
      document.querySelector<HTMLElement>(`#${CSS.escape(id)} [aria-invalid]`)?.focus();
      return;
    }
    try {
      if (!(await key.send())) return;
      const body = { entry, renamed_from: card && card.name !== name ? card.name : null };
      await change('PUT', address(`models/${encodeURIComponent(name)}`), body, { 'If-Match': draft.sha256 });
      onSaved(name);
    } catch (refused) {
      setError(refusedOf(refused));
      again();
    }
  };

  const after = (path: string) => {
    if (KEY_FIELDS.includes(path) && path === keyField(entry)) return <KeyField of={key} isSet={draft?.key.is_set ?? null} />;
    if (path === 'model' && type.lists) {
      return (
        <p className="under">
          <button type="button" onClick={() => void list()}>
            List models
          </button>{' '}
          <span className="quiet" aria-live="polite">
            {known && `The server has ${known.length === 0 ? 'none' : known.slice(0, 6).join(', ')}${known.length > 6 ? ` and ${known.length - 6} more` : ''}.`}
          </span>
        </p>
      );
    }
    return null;
  };

  return (
    <section className="screen models">
      <header className="head">
        <div>
          <p className="crumbs">
            <a href="#/models">Models</a>
            {!card && (
              <>
                {' / '}
                <a href="#/models?add=choose">Provider</a>
              </>
            )}
          </p>
          <h1>{card ? card.name : `New model: ${type.title}`}</h1>
          <p className="quiet">{type.about}</p>
        </div>
      </header>
      <form
        id={id}
        className="editor"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="fields">
          <div className={`field${shown.some((one) => one.field === 'name') ? ' is-wrong' : ''}`}>
            <div className="label">
              <label htmlFor={`${id}-name`}>Name</label>
              <span className="needed">needed</span>
            </div>
            <input
              id={`${id}-name`}
              ref={first}
              type="text"
              spellCheck={false}
              autoComplete="off"
              value={name}
              aria-required
              aria-invalid={shown.some((one) => one.field === 'name') || undefined}
              aria-describedby={`${id}-name-help ${id}-name-wrong`}
              onChange={(event) => setName(event.target.value)}
              onBlur={() => setTouched((old) => new Set([...old, 'name']))}
            />
            <WrongText id={`${id}-name-wrong`} wrong={shown.filter((one) => one.field === 'name')} />
            <p className="help" id={`${id}-name-help`}>
              What suites call it: <code>model: {name || 'NAME'}</code>
            </p>
            {card && card.name !== name && card.used_by.length > 0 && (
              <p className="note warned">! Suites that say {card.name} have to be changed too.</p>
            )}
          </div>
          <SchemaForm
            schema={type.form as Schema}
            value={entry}
            onChange={setEntry}
            wrong={shown}
            suggestions={known ? { model: known } : {}}
            after={after}
            left={(path) => setTouched((old) => (old.has(path) ? old : new Set([...old, path])))}
          />
        </div>
        <aside className="beside">
          <section aria-labelledby={`${id}-test`}>
            <header>
              <h2 id={`${id}-test`}>Test</h2>
              {testing.test?.state === 'running' ? (
                <button type="button" onClick={testing.stop}>
                  Stop
                </button>
              ) : (
                <button type="button" onClick={() => void test()}>
                  Test now
                </button>
              )}
            </header>
            {testing.error && <Problem error={testing.error} />}
            {testing.test ? (
              <Lights test={testing.test} />
            ) : (
              <p className="quiet">Seven steps, up to five small requests, which are paid for. Nothing has to be saved before.</p>
            )}
          </section>
          <section aria-labelledby={`${id}-write`}>
            <header>
              <h2 id={`${id}-write`}>
                What is written to <code>{told.file}</code>
              </h2>
            </header>
            {problem && <Problem error={problem} />}
            {draft && draft.diff.length > 0 ? (
              <Diff lines={draft.diff} title={`What changes in ${told.file}`} />
            ) : (
              <p className="quiet">{name === '' ? 'Nothing yet: it has no name.' : 'Nothing changes.'}</p>
            )}
          </section>
          {error && <Problem error={error} />}
          <WrongText wrong={whole} />
          {isTried && fieldErrors.length > 0 && (
            <p className="note bad" role="alert">
              ✗ {fieldErrors.length === 1 ? 'One field is' : `${fieldErrors.length} fields are`} wrong: {[...new Set(fieldErrors.map((one) => one.field || 'the whole'))].join(', ')}
            </p>
          )}
          <footer className="actions">
            <a className="button" href="#/models">
              Cancel
            </a>
            <button type="submit" className="primary">
              Save
            </button>
          </footer>
        </aside>
      </form>
    </section>
  );
}

type TypedKey = { name: string; typed: string; type: (text: string) => void; send: () => Promise<boolean>; isSent: boolean; error: Refused | undefined; round: number };

// A key is written and never read: it goes to the server's memory, and from this page at once.
function useKey(name: string): TypedKey {
  const [typed, setTyped] = useState('');
  const [sent, setSent] = useState('');
  const [round, setRound] = useState(0);
  const [error, setError] = useState<Refused>();
  const send = async () => {
    if (typed === '' || name === '') return true;
    try {
      await change('PUT', address(`secrets/${encodeURIComponent(name)}`), { value: typed });
    } catch (refused) {
      setError(refusedOf(refused));
      return false;
    }
    setError(undefined);
    setTyped('');
    setSent(name);
    setRound((number) => number + 1);
    return true;
  };
  return { name, typed, type: setTyped, send, isSent: sent === name && name !== '', error, round };
}

function KeyField({ of, isSet }: { of: TypedKey; isSet: boolean | null }) {
  const id = useId();
  return (
    <div className="field key">
      <div className="label">
        <label htmlFor={id}>
          Key for <code>{of.name}</code>
        </label>
        <span className={isSet ? 'good' : 'warned'} aria-live="polite">
          {of.isSent ? '✓ taken, for this session' : isSet ? '✓ is set' : '! is not set'}
        </span>
      </div>
      <div className="row">
        <input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={of.typed}
          placeholder={isSet ? 'another key' : 'paste the key'}
          aria-describedby={`${id}-help`}
          onChange={(event) => of.type(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || of.typed === '') return;
            event.preventDefault();
            void of.send();
          }}
        />
        <button type="button" disabled={of.typed === ''} onClick={() => void of.send()}>
          Use key
        </button>
      </div>
      {of.error && <WrongText wrong={[{ field: '', message: of.error.message, fix: '', severity: 'error' }]} />}
      <p className="help" id={`${id}-help`}>
        Kept in Studio's memory until it ends. It is never shown again, and no file holds it.
      </p>
    </div>
  );
}

// What Save would write, asked a moment after the last change.
function useDraft(name: string, entry: Value, before: string | undefined, round: number) {
  const [draft, setDraft] = useState<ModelDraft>();
  const [problem, setProblem] = useState<Refused>();
  const [asked, setAsked] = useState(0);
  const hasName = nameProblems(name, false).length === 0;
  useEffect(() => {
    if (!hasName) return;
    let isOld = false;
    const timer = setTimeout(() => {
      const body = { entry, renamed_from: before !== undefined && before !== name ? before : null };
      change<ModelDraft>('POST', address(`models/${encodeURIComponent(name)}/draft`), body).then(
        (told) => {
          if (isOld) return;
          setDraft(told);
          setProblem(undefined);
        },
        (refused: unknown) => {
          if (isOld) return;
          setDraft(undefined);
          setProblem(refusedOf(refused));
        },
      );
    }, PAUSE_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [name, entry, before, round, asked, hasName]);
  const again = useCallback(() => setAsked((number) => number + 1), []);
  return { draft: hasName ? draft : undefined, problem: hasName ? problem : undefined, again };
}

function nameProblems(name: string, isTaken: boolean): Wrong[] {
  const message = name === '' ? 'a model needs a name' : !/^[\w.-]{1,100}$/.test(name) ? 'letters, digits, _, - and . make a name' : isTaken ? 'there is a model of this name: edit that one' : '';
  return message ? [{ field: 'name', message, fix: '', severity: 'error' }] : [];
}

function keyField(entry: Value): string | undefined {
  return KEY_FIELDS.find((field) => typeof entry[field] === 'string' && entry[field] !== '');
}

function keyName(entry: Value): string {
  const field = keyField(entry);
  return field === undefined ? '' : String(entry[field]);
}

function refusedOf(problem: unknown): Refused {
  return problem instanceof Refused ? problem : new Refused(0, 'internal', String(problem));
}
