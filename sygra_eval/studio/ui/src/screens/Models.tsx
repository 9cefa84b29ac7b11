// S4: the models of the folder. `?add=PROVIDER` and `?edit=NAME` show the form, so that Back leaves it.
import { useEffect, useRef, useState } from 'react';
import { address, change, get, Refused } from '../api/client';
import { useResource } from '../api/resource';
import type { ModelCard, ModelDraft, ModelsTold, ModelType, Version } from '../api/types';
import { Dialog } from '../parts/Dialog';
import { Diff } from '../parts/Diff';
import { LightsInBrief, Lights } from '../parts/Lights';
import { Problem } from '../parts/Problem';
import { Ticked } from '../parts/Ticked';
import { go, hashOf, type Route } from '../route';
import { ModelEditor } from './ModelEditor';
import { useModelTest } from './modelTest';
import '../styles/models.css';

export default function Models({ route }: { route: Route }) {
  const models = useResource<ModelsTold>(address('models'));
  const types = useResource<ModelType[]>(address('model-types'));
  const version = useResource<Version>(address('version'));
  const add = route.query.get('add');
  const edit = route.query.get('edit');
  const error = models.error ?? types.error;
  if (error) {
    return (
      <section className="screen">
        <h1>Models</h1>
        <Problem error={error} again={() => (models.again(), types.again())} />
      </section>
    );
  }
  if (!models.value || !types.value) return <p className="loading">Loading …</p>;
  const card = edit === null ? undefined : models.value.models.find((one) => one.name === edit && one.is_editable);
  const chosen = card ? typeOf(card, types.value) : types.value.find((one) => one.id === add);
  const saved = (name: string) => {
    models.again();
    go(['models'], { saved: name });
  };
  if (chosen) {
    return <ModelEditor key={card?.name ?? chosen.id} type={chosen} types={types.value} card={card} told={models.value} onSaved={saved} />;
  }
  if (add !== null) return <Providers types={types.value} />;
  return (
    <List
      told={models.value}
      types={types.value}
      isReadOnly={version.value?.is_read_only ?? false}
      saved={route.query.get('saved')}
      again={models.again}
    />
  );
}

function typeOf(card: ModelCard, types: ModelType[]): ModelType | undefined {
  return types.find((one) => one.id === card.provider) ?? types.find((one) => one.use === card.use);
}

function List({ told, types, isReadOnly, saved, again }: { told: ModelsTold; types: ModelType[]; isReadOnly: boolean; saved: string | null; again: () => void }) {
  const [removing, setRemoving] = useState<ModelCard>();
  const mayChange = !isReadOnly && told.locked === '';
  return (
    <section className="screen models">
      <header className="head">
        <div>
          <h1>Models</h1>
          <p className="quiet">
            New ones go to <code>{told.file}</code> beside your suites. Files hold the names of keys, never a key.
          </p>
        </div>
        {mayChange && told.models.length > 0 && (
          <a className="button primary" href={hashOf(['models'], { add: 'choose' })}>
            Add a model
          </a>
        )}
      </header>
      <p aria-live="polite" className={saved ? 'note good' : 'hidden'}>
        {saved && (
          <>
            <span aria-hidden="true">✓</span> <b>{saved}</b> stands in {told.file}.
          </>
        )}
      </p>
      {told.locked && <p className="note warned">{told.locked}</p>}
      {told.problems.map((one) => (
        <p key={one.message} className="note bad">
          <span aria-hidden="true">✗</span> <Ticked text={one.message} />
        </p>
      ))}
      {told.models.length === 0 && told.problems.length === 0 ? (
        <Empty mayChange={mayChange} />
      ) : (
        <ul className="cards">
          {told.models.map((card) => (
            <Card
              key={`${card.file} ${card.name}`}
              card={card}
              type={typeOf(card, types)}
              mayTest={!isReadOnly}
              mayChange={mayChange && card.is_editable}
              onTested={again}
              onRemove={() => setRemoving(card)}
            />
          ))}
        </ul>
      )}
      {removing && (
        <Removal
          card={removing}
          onClose={() => setRemoving(undefined)}
          onRemoved={() => {
            setRemoving(undefined);
            again();
          }}
        />
      )}
    </section>
  );
}

function Empty({ mayChange }: { mayChange: boolean }) {
  return (
    <div className="empty">
      <h2>No model yet</h2>
      <p>
        A suite asks language models by name. Add one, test it step by step, and every suite of this folder can write <code>model: NAME</code>.
      </p>
      {mayChange && (
        <a className="button primary" href={hashOf(['models'], { add: 'choose' })}>
          Add a model
        </a>
      )}
      <p className="quiet">No key and no server at hand? The embedded model runs on this machine.</p>
    </div>
  );
}

function Providers({ types }: { types: ModelType[] }) {
  return (
    <section className="screen models">
      <header className="head">
        <div>
          <p className="crumbs">
            <a href="#/models">Models</a>
          </p>
          <h1>Which provider?</h1>
          <p className="quiet">The form that follows has this provider's fields alone.</p>
        </div>
      </header>
      <ul className="cards providers">
        {types.map((type) => (
          <li key={type.id}>
            <a className="card" href={hashOf(['models'], { add: type.id })}>
              <b>{type.title}</b>
              <span>{type.about}</span>
              {type.plugin && <span className="quiet">from {type.plugin}</span>}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

type CardProps = { card: ModelCard; type: ModelType | undefined; mayTest: boolean; mayChange: boolean; onTested: () => void; onRemove: () => void };

function Card({ card, type, mayTest, mayChange, onTested, onRemove }: CardProps) {
  const { test, error, start, stop } = useModelTest(card.last_test, onTested);
  const [isOpen, setOpen] = useState(false);
  const isRunning = test?.state === 'running';
  return (
    <li className="card model">
      <header>
        <h2>{card.name}</h2>
        <span className="tag">{type?.title ?? card.use}</span>
      </header>
      <p className="what">
        <code>{card.model || (card.use === 'embedded' ? 'the one that comes with it' : '–')}</code>
        {card.endpoint && <span className="quiet">{card.endpoint}</span>}
      </p>
      <dl>
        <dt>Key</dt>
        <dd>
          <KeyState card={card} />
        </dd>
        <dt>Price</dt>
        <dd>
          <Price card={card} mayChange={mayChange} />
        </dd>
        <dt>Used by</dt>
        <dd>
          <Users card={card} />
        </dd>
        <dt>Said in</dt>
        <dd>
          <code>
            {card.file}:{card.line}
          </code>
        </dd>
      </dl>
      {card.problems.map((one) => (
        <p key={one.field + one.message} className="note bad">
          <span aria-hidden="true">✗</span> <Ticked text={one.message} />
        </p>
      ))}
      {error && <Problem error={error} />}
      {test && !isOpen && <LightsInBrief test={test} />}
      {!test && <p className="brief quiet">Not tested since Studio was started</p>}
      {test && isOpen && <Lights test={test} />}
      <footer>
        {mayTest && card.problems.length === 0 && (
          <button type="button" onClick={() => (isRunning ? stop() : void start({ name: card.name, file: card.file, entry: card.entry }))}>
            {isRunning ? 'Stop' : 'Test'}
            <span className="hidden"> {card.name}</span>
          </button>
        )}
        {test && (
          <button type="button" className="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Fewer lights' : 'All lights'}
            <span className="hidden"> of {card.name}</span>
          </button>
        )}
        <span className="space" />
        {mayChange && (
          <>
            <a className="button" href={hashOf(['models'], { edit: card.name })}>
              Edit<span className="hidden"> {card.name}</span>
            </a>
            <button type="button" className="danger" onClick={onRemove}>
              Delete<span className="hidden"> {card.name}</span>
            </button>
          </>
        )}
        {!card.is_editable && <span className="quiet">change it in its file</span>}
      </footer>
    </li>
  );
}

function KeyState({ card }: { card: ModelCard }) {
  const { field, name, is_set: isSet } = card.key;
  if (!field) return <span className="quiet">none is sent</span>;
  if (isSet === null) {
    return (
      <>
        keyring <code>{name}</code>
      </>
    );
  }
  return (
    <>
      <code>{name}</code> <span className={isSet ? 'good' : 'warned'}>{isSet ? '✓ is set' : '! is not set'}</span>
    </>
  );
}

function Price({ card, mayChange }: { card: ModelCard; mayChange: boolean }) {
  const { input, output, source, why } = card.price;
  if (input === null || output === null) {
    return (
      <>
        <span className="warned" title={why}>
          ! not known
        </span>{' '}
        {mayChange && <a href={hashOf(['models'], { edit: card.name })}>Set price</a>}
      </>
    );
  }
  if (input === 0 && output === 0) return <>free</>;
  return (
    <span title={source}>
      {input} in · {output} out <span className="quiet">USD per million tokens</span>
    </span>
  );
}

function Users({ card }: { card: ModelCard }) {
  if (card.used_by.length === 0) return <span className="quiet">no suite</span>;
  const suites = [...new Set(card.used_by.map((one) => one.suite))];
  return suites.map((suite, index) => (
    <span key={suite}>
      {index > 0 && ', '}
      <a href={hashOf(['suites', suite])} title={card.used_by.filter((one) => one.suite === suite).map((one) => one.where).join(', ')}>
        {suite}
      </a>
    </span>
  ));
}

function Removal({ card, onClose, onRemoved }: { card: ModelCard; onClose: () => void; onRemoved: () => void }) {
  const [draft, setDraft] = useState<ModelDraft>();
  const [error, setError] = useState<Refused>();
  const keep = useRef<HTMLButtonElement>(null);
  const path = `models/${encodeURIComponent(card.name)}`;
  useEffect(() => {
    keep.current?.focus();
    get<ModelDraft>(address(`${path}/removal`)).then(setDraft, (problem: unknown) => setError(refusedOf(problem)));
  }, [path]);
  const remove = async () => {
    try {
      await change('DELETE', address(path), undefined, { 'If-Match': draft?.sha256 ?? '' });
      onRemoved();
    } catch (problem) {
      setError(refusedOf(problem));
    }
  };
  const suites = new Set(card.used_by.map((one) => one.suite)).size;
  return (
    <Dialog title={`Delete ${card.name}?`} onClose={onClose}>
      {error && <Problem error={error} />}
      {suites > 0 && (
        <p className="note warned">
          ! {suites === 1 ? 'One suite uses it' : `${suites} suites use it`} and will not run without it.
        </p>
      )}
      {draft && <Diff lines={draft.diff} title="What changes in models.yaml" />}
      <footer className="actions">
        <button type="button" ref={keep} onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="danger" disabled={!draft} onClick={() => void remove()}>
          Delete
        </button>
      </footer>
    </Dialog>
  );
}

function refusedOf(problem: unknown): Refused {
  return problem instanceof Refused ? problem : new Refused(0, 'internal', String(problem));
}
