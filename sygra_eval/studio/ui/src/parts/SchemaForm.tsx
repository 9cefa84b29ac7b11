// A form drawn from a JSON Schema: whatever a plugin publishes gets its fields here, with no change of this page.
// It holds no state of the value; what is wrong comes from the server and stands beside its field.
import { createContext, useContext, useId, useState, type ReactNode } from 'react';
import '../styles/form.css';
import { Ticked } from './Ticked';
import { beginningOf, changed, isEmpty, jsonIn, kindOf, numberIn, others, parts, rangeOf, shown, typed, variantOf, type Schema, type Value } from './schema';

export type Wrong = { field: string; message: string; fix: string; severity: string };
const LONG = 60; // characters of help, above which a field has a line of its own
type Around = {
  wrong: Wrong[];
  suggestions: Record<string, string[]>;
  after: (path: string) => ReactNode; // what else stands under a field
  left: (path: string) => void; // somebody was in this field and went on
};
const Surroundings = createContext<Around>({ wrong: [], suggestions: {}, after: () => null, left: () => undefined });

type FormProps = Partial<Around> & { schema: Schema; value: Value; onChange: (value: Value) => void };

export function SchemaForm({ schema, value, onChange, wrong = [], suggestions = {}, after = () => null, left = () => undefined }: FormProps) {
  return (
    <Surroundings.Provider value={{ wrong, suggestions, after, left }}>
      <div className="form">
        <Fields schema={schema} value={value} onChange={onChange} path="" />
      </div>
    </Surroundings.Provider>
  );
}

type FieldProps<T = unknown> = { name: string; schema: Schema; value: T; onChange: (value: unknown) => void; path: string; isRequired: boolean };

function Fields({ schema, value, onChange, path }: { schema: Schema; value: Value; onChange: (value: Value) => void; path: string }) {
  const { wrong } = useContext(Surroundings);
  const { seen, folded } = parts(schema);
  const draw = ([name, one]: [string, Schema]) => (
    <Field
      key={name}
      name={name}
      schema={one}
      value={value[name]}
      path={path === '' ? name : `${path}.${name}`}
      isRequired={schema.required?.includes(name) ?? false}
      onChange={(to) => onChange(changed(value, name, to))}
    />
  );
  const isOpenEnded = schema.additionalProperties === true; // keys that nobody described
  const set = folded.filter(([name]) => value[name] !== undefined).length + (isOpenEnded && !isEmpty(others(schema, value)) ? 1 : 0);
  const count = folded.length + (isOpenEnded ? 1 : 0);
  const isWrong = folded.some(([name]) => wrong.some((one) => isAt(one.field, path === '' ? name : `${path}.${name}`)));
  return (
    <>
      {seen.map(draw)}
      {(folded.length > 0 || isOpenEnded) && (
        <details className="more" open={isWrong || undefined}>
          <summary>
            More settings <span className="quiet">{set > 0 ? `${set} of ${count} set` : count}</span>
          </summary>
          <div className="form">
            {folded.map(draw)}
            {isOpenEnded && <Others schema={schema} value={value} onChange={onChange} />}
          </div>
        </details>
      )}
    </>
  );
}

function Field(props: FieldProps) {
  const { schema, value, onChange } = props;
  switch (kindOf(schema)) {
    case 'text':
      return <Text {...props} value={value as string | undefined} />;
    case 'number':
    case 'integer':
      return <NumberField {...props} />;
    case 'switch':
      return <Switch {...props} />;
    case 'choice':
      return <Choice {...props} />;
    case 'list':
      return <List {...props} />;
    case 'group':
      return (
        <Group {...props}>
          <div className="form">
            <Fields
              schema={schema}
              value={isMapping(value) ? value : {}}
              path={props.path}
              onChange={(to) => onChange(isEmpty(to) && !props.isRequired ? undefined : to)}
            />
          </div>
        </Group>
      );
    case 'variants':
      return <Variants {...props} />;
    case 'json':
      return <Json {...props} />;
  }
}

function Text(props: FieldProps) {
  const { suggestions } = useContext(Surroundings);
  const id = useId();
  const known = suggestions[props.path];
  return (
    <Labelled {...props}>
      {(about) => (
        <>
          <input
            {...about}
            type="text"
            spellCheck={false}
            autoComplete="off"
            list={known && `${id}-known`}
            value={props.value === undefined ? '' : String(props.value)}
            placeholder={typeof props.schema.default === 'string' ? props.schema.default : undefined}
            onChange={(event) => props.onChange(event.target.value)}
          />
          {known && (
            <datalist id={`${id}-known`}>
              {known.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </datalist>
          )}
        </>
      )}
    </Labelled>
  );
}

function NumberField(props: FieldProps) {
  const kind = props.schema.type === 'integer' ? 'integer' : 'number';
  const [text, setText] = useState(asText(props.value));
  // What was set from outside wins over what was typed, unless both say the same.
  const current = numberIn(text, kind) === props.value ? text : asText(props.value);
  return (
    <Labelled {...props} range={rangeOf(props.schema)}>
      {(about) => (
        <input
          {...about}
          className="short"
          type="text"
          inputMode={kind === 'integer' ? 'numeric' : 'decimal'}
          autoComplete="off"
          value={current}
          placeholder={props.schema.default === undefined ? undefined : String(props.schema.default)}
          onChange={(event) => {
            setText(event.target.value);
            props.onChange(numberIn(event.target.value, kind));
          }}
        />
      )}
    </Labelled>
  );
}

function Switch(props: FieldProps) {
  const usual = props.schema.default;
  const usually = typeof usual === 'boolean' ? `usual (${usual ? 'on' : 'off'})` : 'usual';
  return (
    <Labelled {...props}>
      {(about) => (
        <select
          {...about}
          className="short"
          value={props.value === undefined ? '' : String(props.value)}
          onChange={(event) => props.onChange(event.target.value === '' ? undefined : event.target.value === 'true')}
        >
          <option value="">{usually}</option>
          <option value="true">on</option>
          <option value="false">off</option>
        </select>
      )}
    </Labelled>
  );
}

function Choice(props: FieldProps) {
  const words = (props.schema.enum ?? []).map(String);
  const usual = props.schema.default === undefined ? '' : ` (${String(props.schema.default)})`;
  return (
    <Labelled {...props}>
      {(about) => (
        <select {...about} className="short" value={asText(props.value)} onChange={(event) => props.onChange(event.target.value)}>
          {!props.isRequired || props.value === undefined ? <option value="">{props.isRequired ? 'choose' : `usual${usual}`}</option> : null}
          {words.map((word) => (
            <option key={word} value={word}>
              {word}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

function List(props: FieldProps) {
  const items = Array.isArray(props.value) ? props.value.map(String) : [];
  const title = titleOf(props);
  const put = (next: string[]) => props.onChange(next.length === 0 ? undefined : next);
  return (
    <Group {...props} isFlat>
      {items.map((item, index) => (
        // The place is what a text is here; two may be the same.
        // eslint-disable-next-line react/no-array-index-key
        <div className="row" key={index}>
          <input
            type="text"
            spellCheck={false}
            aria-label={`${title} ${index + 1}`}
            value={shown(item)}
            onChange={(event) => put(items.map((one, at) => (at === index ? typed(event.target.value) : one)))}
          />
          <button type="button" aria-label={`Remove ${title} ${index + 1}`} onClick={() => put(items.filter((_, at) => at !== index))}>
            Remove
          </button>
        </div>
      ))}
      <div>
        <button type="button" onClick={() => props.onChange([...items, ''])}>
          Add <span className="hidden">to {title}</span>
        </button>
      </div>
    </Group>
  );
}

function Variants(props: FieldProps) {
  const group = useId();
  const variants = props.schema.oneOf ?? [];
  const chosen = variantOf(variants, props.value);
  const one = variants[chosen];
  const choose = (index: number) => props.onChange(index < 0 ? undefined : beginningOf(variants[index]!));
  return (
    <Group {...props}>
      <div className="choices">
        {[-1, ...variants.keys()].map((index) => (
          <label key={index}>
            <input type="radio" name={group} checked={chosen === index} onChange={() => choose(index)} />
            {index < 0 ? 'Not said' : (variants[index]?.title ?? `Way ${index + 1}`)}
          </label>
        ))}
      </div>
      {one && one.const === undefined && (
        <div className="variant">
          {kindOf(one) === 'group' ? (
            <div className="form">
              <Fields schema={one} value={isMapping(props.value) ? props.value : {}} path={props.path} onChange={props.onChange} />
            </div>
          ) : (
            <Field {...props} schema={one} value={typeof props.value === 'string' ? props.value.trimStart() : props.value} onChange={(to) => props.onChange(to ?? beginningOf(one))} />
          )}
        </div>
      )}
    </Group>
  );
}

function Json(props: FieldProps) {
  const written = props.value === undefined ? '' : JSON.stringify(props.value, null, 1);
  const [text, setText] = useState(written);
  const read = jsonIn(text);
  const isOurs = 'value' in read && JSON.stringify(read.value) === JSON.stringify(props.value);
  return (
    <Labelled {...props} aside="JSON" own={'error' in read ? read.error : undefined}>
      {(about) => (
        <textarea
          {...about}
          className="code"
          rows={Math.min(8, Math.max(2, text.split('\n').length))}
          spellCheck={false}
          value={'error' in read || isOurs ? text : written}
          onChange={(event) => {
            setText(event.target.value);
            const next = jsonIn(event.target.value);
            if ('value' in next) props.onChange(next.value);
          }}
        />
      )}
    </Labelled>
  );
}

function Others({ schema, value, onChange }: { schema: Schema; value: Value; onChange: (value: Value) => void }) {
  const rest = others(schema, value);
  const known = Object.fromEntries(Object.entries(value).filter(([name]) => !(name in rest)));
  return (
    <Json
      name="others"
      path="(others)"
      schema={{ title: 'Other keys', description: 'What the form has no field for, as one object.' }}
      value={isEmpty(rest) ? undefined : rest}
      isRequired={false}
      onChange={(to) => {
        if (to === undefined || isMapping(to)) onChange({ ...known, ...to });
      }}
    />
  );
}

type About = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined; 'aria-required': true | undefined; onBlur: () => void };

function Labelled(props: FieldProps & { aside?: string; range?: string; own?: string | undefined; children: (about: About) => ReactNode }) {
  const { after, left } = useContext(Surroundings);
  const id = useId();
  const wrong = useWrong(props.path, props.own);
  const help = [props.range, props.schema.description].filter(Boolean).join(' · ');
  const describedBy = [help && `${id}-help`, wrong.length > 0 && `${id}-wrong`].filter(Boolean).join(' ');
  return (
    <div className={`field${isSmall(props.schema) ? ' small' : ''}${wrong.length > 0 ? ' is-wrong' : ''}`}>
      <div className="label">
        <label htmlFor={id}>{titleOf(props)}</label>
        {props.isRequired && <span className="needed">needed</span>}
        {props.aside && <span className="quiet">{props.aside}</span>}
      </div>
      {props.children({
        id,
        'aria-describedby': describedBy || undefined,
        'aria-invalid': wrong.length > 0 || undefined,
        'aria-required': props.isRequired || undefined,
        onBlur: () => left(props.path),
      })}
      {wrong.length > 0 && <WrongText id={`${id}-wrong`} wrong={wrong} />}
      {help && (
        <p className="help" id={`${id}-help`}>
          <Ticked text={help} />
        </p>
      )}
      {after(props.path)}
    </div>
  );
}

function Group(props: FieldProps & { isFlat?: boolean; children: ReactNode }) {
  const id = useId();
  const wrong = useWrong(props.path);
  return (
    <fieldset className={props.isFlat ? 'group flat' : 'group'} aria-describedby={wrong.length > 0 ? `${id}-wrong` : undefined}>
      <legend>
        {titleOf(props)} {props.isRequired && <span className="needed">needed</span>}
      </legend>
      {props.schema.description && (
        <p className="help">
          <Ticked text={props.schema.description} />
        </p>
      )}
      {props.children}
      {wrong.length > 0 && <WrongText id={`${id}-wrong`} wrong={wrong} />}
    </fieldset>
  );
}

export function WrongText({ id, wrong }: { id?: string; wrong: Wrong[] }) {
  return (
    <div className="wrong" id={id}>
      {wrong.map((one) => (
        <p key={one.message} className={one.severity}>
          <span aria-hidden="true">{one.severity === 'warning' ? '⚠' : '✗'}</span> <Ticked text={one.fix ? `${one.message} — ${one.fix}` : one.message} />
        </p>
      ))}
    </div>
  );
}

function useWrong(path: string, own?: string): Wrong[] {
  const { wrong } = useContext(Surroundings);
  const ours = wrong.filter((one) => one.field === path);
  return own === undefined ? ours : [{ field: path, message: own, fix: '', severity: 'error' }, ...ours];
}

// Three of them go side by side.
function isSmall(schema: Schema): boolean {
  return ['number', 'integer', 'switch', 'choice'].includes(kindOf(schema)) && (schema.description ?? '').length < LONG;
}

function titleOf(props: { name: string; schema: Schema }): string {
  return props.schema.title ?? props.name;
}

function isAt(field: string, path: string): boolean {
  return field === path || field.startsWith(`${path}.`);
}

function isMapping(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
