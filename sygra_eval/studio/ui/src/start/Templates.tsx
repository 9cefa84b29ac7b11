import { useId, useState, type FormEvent } from 'react';
import { address, change, Refused } from '../api/client';
import { useResource } from '../api/resource';
import type { MadeSuite, Template } from '../api/types';
import { Problem } from '../parts/Problem';
import { go } from '../route';
import { counted } from '../format';
import { freeName } from './choosing';

type Taken = Array<{ name: string; path: string }>;

// What a suite can begin from: open where there is none yet, else behind a line.
export function Templates({ isOpen, taken }: { isOpen: boolean; taken: Taken }) {
  if (isOpen) return <Choices taken={taken} />;
  return (
    <details className="new-suite">
      <summary>New suite from a template</summary>
      <Choices taken={taken} />
    </details>
  );
}

function Choices({ taken }: { taken: Taken }) {
  const templates = useResource<Template[]>(address('templates'));
  return (
    <>
      {templates.error && <Problem error={templates.error} again={templates.again} />}
      <ul className="cards templates">
        {templates.value?.map((template) => (
          <li key={template.name} className="card">
            <Choice template={template} taken={taken} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Choice({ template, taken }: { template: Template; taken: Taken }) {
  const [name, setName] = useState(() => freeName(template.name, taken));
  const [error, setError] = useState<Refused>();
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  async function make(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const made = await change<MadeSuite>('POST', address('suites'), { template: template.name, name });
      go(['suites', made.path]);
    } catch (refused) {
      setError(refused as Refused);
      setBusy(false);
    }
  }

  return (
    <form className="template" onSubmit={(event) => void make(event)}>
      <h2>{template.title}</h2>
      <p>{template.description}</p>
      <p className="quiet">{counted(template.rows, 'row')} · answers recorded, so no key is needed</p>
      {error && <Problem error={error} />}
      <div className="template-name">
        <label htmlFor={id}>Name</label>
        <input id={id} value={name} required maxLength={60} pattern="[A-Za-z][A-Za-z0-9_\-]*" title="A letter, then letters, digits, _ and -" spellCheck={false} onChange={(event) => setName(event.target.value)} />
        <button type="submit" className="primary" disabled={isBusy} aria-label={`Create ${template.title}`}>
          Create
        </button>
      </div>
    </form>
  );
}
