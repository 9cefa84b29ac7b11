import { useState } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { CallLine, CallTold, RecordTold } from '../api/types';
import { Problem } from '../parts/Problem';
import { barsOf, spanOf } from './lane';
import { LongText, type Whose } from './LongText';
import { count, duration, seen, usd } from '../format';

// Every call of the record on the time axis; one of them as it was sent and answered.
export function Calls({ record, of }: { record: RecordTold; of: Whose }) {
  const [open, setOpen] = useState<number | undefined>();
  const span = spanOf(record);
  if (record.calls.length === 0) return <p className="quiet">No model was asked for this row.</p>;
  return (
    <div className="calls">
      <table aria-label="Calls">
        <thead>
          <tr>
            <th>Call</th>
            <th>Step</th>
            <th>Model</th>
            <th className="number">Round</th>
            <th className="number">Time</th>
            <th className="number">Tokens</th>
            <th className="number">Cost</th>
            <th className="calls-axis">0 – {duration(span)}</th>
          </tr>
        </thead>
        <tbody>
          {record.calls.map((call) => (
            <tr key={call.number} className={call.number === open ? 'is-current' : undefined}>
              <td>
                <button type="button" className="link" aria-expanded={call.number === open} onClick={() => setOpen(call.number === open ? undefined : call.number)}>
                  #{call.number}
                </button>
              </td>
              <td>{seen(call.node)}</td>
              <td>{seen(call.model)}</td>
              <td className="number">{call.visit}</td>
              <td className="number">{call.is_cached ? 'kept' : duration(call.latency_s)}</td>
              <td className="number">
                {count(call.prompt_tokens)} + {count(call.completion_tokens)}
              </td>
              <td className="number">{usd(call.cost_usd)}</td>
              <td className="calls-axis">
                <Bars call={call} span={span} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {record.faults.map((fault, at) => (
        <div key={at} className="card-flat">
          <h2>
            No answer at {seen(fault.node)}, round {fault.visit}: {seen(fault.kind)}
          </h2>
          <p>{seen(fault.message)}</p>
          {fault.raw.text !== '' && <LongText text={fault.raw} of={of} className="output" />}
        </div>
      ))}
      {open !== undefined && <OneCall number={open} of={of} />}
    </div>
  );
}

function Bars({ call, span }: { call: CallLine; span: number }) {
  return (
    <span className="lane-time" aria-hidden="true">
      {barsOf([call], span).map((bar) => (
        <span key={bar.number} className={`bar-of bar-${bar.step}`} style={{ left: `${bar.from}%`, width: `max(3px, ${bar.to - bar.from}%)` }} />
      ))}
    </span>
  );
}

function OneCall({ number, of }: { number: number; of: Whose }) {
  const told = useResource<CallTold>(address(`${of.run}/calls/${number}`));
  const call = told.value;
  if (told.error) return <Problem error={told.error} again={told.again} />;
  if (!call) return <p className="loading">Loading …</p>;
  return (
    <section className="one-call" aria-label={`Call ${number}`}>
      <div className="one-call-head">
        <h2>
          Call #{number} <span className="quiet">{seen(call.label)}</span>
        </h2>
        {call.curl !== null && <Copy text={call.curl} name="Copy as curl" />}
        {call.test !== null && <Copy text={call.test} name="Copy as a unit test" />}
      </div>
      <p className={call.is_proven ? 'quiet' : 'tag-warn note-line'}>{call.prompt_is}</p>
      {call.messages.map((message, at) => (
        <div key={at} className="message">
          <b>{message.role}</b>
          <LongText text={message.content} of={of} />
        </div>
      ))}
      <div className="message message-answer">
        <b>answer</b>
        <LongText text={call.answer} of={of} />
      </div>
      <details>
        <summary>Raw request</summary>
        {call.request === null ? <p className="quiet">Without the prompt there is none to show.</p> : <LongText text={call.request} of={of} className="output" />}
      </details>
      <details>
        <summary>Raw response, as the journal keeps it</summary>
        <LongText text={call.response} of={of} className="output" />
      </details>
    </section>
  );
}

export function Copy({ text, name }: { text: string; name: string }) {
  const [said, setSaid] = useState('');
  return (
    <button
      type="button"
      onClick={() =>
        void navigator.clipboard.writeText(text).then(
          () => setSaid('Copied'),
          () => setSaid('The browser refused'),
        )
      }
    >
      {said || name}
    </button>
  );
}
