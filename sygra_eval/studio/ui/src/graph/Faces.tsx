// How a node and a box look. Each listens to its own entry of the live state, so that an event draws one face anew.
import type { Node, NodeProps, NodeTypes, Position } from '@xyflow/react';
import { memo, useContext } from 'react';
import { short } from '../format';
import { FarContext, useNodeLive, useRowsLive } from './context';
import { Icon } from './Icon';
import type { Counts, NodeLive, Verdicts } from './live';
import type { DrawnBox, DrawnNode } from './model';
import { kindOf, labelOf, SIGN, statusOf, verdictWords } from './words';

// Where an edge begins or ends on a node. The canvas measures these in the page, also where it was told them before; its
// own `Handle` is for connecting by hand, which nobody does here.
export type Pin = { id: string; type: 'source' | 'target'; position: Position; x: number; y: number };
type FaceNode = Node<{ drawn: DrawnNode; pins: Pin[] }, 'face'>;
type BoxNode = Node<{ drawn: DrawnBox; pins: Pin[] }, 'box'>;
export type FlowNode = FaceNode | BoxNode;

const PARTS: Array<keyof Counts> = ['waiting', 'running', 'ok', 'failed'];

export const labelledBy = (id: string): string => `face-${id}`;

const Face = memo(function Face({ id, data }: NodeProps<FaceNode>) {
  const Shown = useContext(FarContext) ? Named : OfKind;
  return (
    <>
      <Shown id={id} drawn={data.drawn} />
      <Pins of={data.pins} />
    </>
  );
});

// From far away a node is its name to a screen reader, and its look is in `FarGraph`.
const Named = memo(function Named({ id, drawn }: { id: string; drawn: DrawnNode }) {
  return <Label id={id} text={labelOf(drawn, useNodeLive(id))} />;
});

const OfKind = memo(function OfKind({ id, drawn }: { id: string; drawn: DrawnNode }) {
  const live = useNodeLive(id);
  if (drawn.kind === 'start') return <StartFace drawn={drawn} />;
  if (drawn.kind === 'end') return <EndFace drawn={drawn} />;
  const isSmall = drawn.kind === 'step' || drawn.kind === 'validator';
  return (
    <div className={`face face-${drawn.kind} is-${statusOf(live)}`}>
      <Label id={id} text={labelOf(drawn, live)} />
      <Head icon={drawn.step ?? drawn.kind} name={drawn.name} />
      {!isSmall && <p className="face-kind detail">{[kindOf(drawn.kind), drawn.model].filter(Boolean).join(' · ')}</p>}
      {drawn.kind === 'validator' ? <Judged verdicts={live?.verdicts} note={drawn.note} /> : drawn.kind === 'step' ? <Times live={live} note={drawn.note} /> : live && <Counters counts={live.counts} />}
      <Foot live={live} />
    </div>
  );
});

const Box = memo(function Box({ id, data }: NodeProps<BoxNode>) {
  const { drawn } = data;
  const live = useNodeLive(id);
  const isFar = useContext(FarContext);
  const told = [drawn.of ? labelOf(drawn.of, live) : drawn.name, drawn.exit].filter(Boolean).join('; ');
  if (isFar)
    return (
      <>
        <Label id={id} text={told} />
        <Pins of={data.pins} />
      </>
    );
  return (
    <>
    <div className={`box box-${drawn.kind} ${drawn.of ? `is-${statusOf(live)}` : ''}`}>
      <Label id={id} text={told} />
      <div className="box-head">
        <Head icon={drawn.of?.kind ?? drawn.kind} name={drawn.name} />
        {drawn.of?.model && <span className="face-kind detail">{drawn.of.model}</span>}
        {live?.guardrails && <Guards of={live.guardrails} />}
        {live && <Counters counts={live.counts} />}
      </div>
      {drawn.exit && (
        <p className="box-exit detail" title={drawn.exit}>
          {drawn.exit}
        </p>
      )}
    </div>
    <Pins of={data.pins} />
    </>
  );
});

export const NODE_TYPES: NodeTypes = { face: Face, box: Box };

function Pins({ of }: { of: Pin[] }) {
  return of.map((pin) => <i key={pin.id} className={`pin ${pin.type}`} data-handleid={pin.id} data-handlepos={pin.position} style={{ left: pin.x, top: pin.y }} />);
}

function StartFace({ drawn }: { drawn: DrawnNode }) {
  const rows = useRowsLive();
  const begun = rows ? rows.done + rows.inFlight : undefined;
  const total = rows && rows.total !== null ? short(rows.total) : undefined;
  return (
    <div className="face face-start">
      <Label id={drawn.id} text={`start; rows${begun === undefined ? '' : `: ${begun} begun${total ? ` of ${rows!.total}` : ''}`}`} />
      <Head icon="start" name="rows" />
      {begun !== undefined && (
        <p className="face-kind detail figures">
          {short(begun)}
          {total && ` / ${total}`}
        </p>
      )}
    </div>
  );
}

const OUTCOMES: Array<[string, string]> = [['verified', '✓'], ['rejected', '✗'], ['failed', '!'], ['unjudged', '○']];

function EndFace({ drawn }: { drawn: DrawnNode }) {
  const rows = useRowsLive();
  const shown = OUTCOMES.filter(([name]) => name !== 'unjudged' || (rows?.outcomes[name] ?? 0) > 0);
  const told = shown.map(([name]) => `${rows?.outcomes[name] ?? 0} ${name}`).join(', ');
  return (
    <div className="face face-end">
      <Label id={drawn.id} text={rows ? `end; outcomes: ${told}` : 'end; outcomes'} />
      <Head icon="end" name="outcomes" />
      <dl className="outcomes detail" aria-hidden="true">
        {shown.map(([name, sign]) => (
          <div key={name} className={`of-${name}`}>
            <dt>
              {sign} {name}
            </dt>
            <dd className="figures">{rows ? short(rows.outcomes[name] ?? 0) : ''}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Head({ icon, name }: { icon: string; name: string }) {
  return (
    <div className="face-head">
      <Icon of={icon} />
      <b title={name}>{name}</b>
    </div>
  );
}

// The label of the node around it, which is what a screen reader says when it is focused. It is hidden and not moved out
// of sight: a label takes its text from what is hidden too, and nothing of it is laid out or painted.
function Label({ id, text }: { id: string; text: string }) {
  return (
    <span id={labelledBy(id)} hidden>
      {text}
    </span>
  );
}

function Counters({ counts }: { counts: Counts }) {
  return (
    <div className="counters" aria-hidden="true">
      {PARTS.map((part) => (
        <span key={part} className={`of-${part} ${counts[part] === 0 ? 'is-none' : ''}`} title={part}>
          {SIGN[part]} {short(counts[part])}
        </span>
      ))}
    </div>
  );
}

function Times({ live, note }: { live: NodeLive | undefined; note: string | undefined }) {
  return (
    <p className="face-kind detail">
      {live ? <span className="figures">{short(live.counts.ok)}×</span> : null}
      {note && <span title={note}> {note}</span>}
    </p>
  );
}

function Judged({ verdicts, note }: { verdicts: Verdicts | undefined; note: string | undefined }) {
  const all = verdicts ? verdicts.pass + verdicts.fail + verdicts.error + verdicts.skip : 0;
  if (!verdicts || all === 0) return <p className="face-kind detail">{note}</p>;
  return (
    <div className="judged detail" title={verdictWords(verdicts)}>
      <VerdictBar verdicts={verdicts} />
      <span className="of-ok">✓ {short(verdicts.pass)}</span>
      <span className={verdicts.fail === 0 ? 'is-none' : 'of-bad'}>✗ {short(verdicts.fail)}</span>
      <span className={verdicts.error === 0 ? 'is-none' : 'of-failed'}>! {short(verdicts.error)}</span>
      {verdicts.skip > 0 && <span className="is-none">– {short(verdicts.skip)}</span>}
    </div>
  );
}

function VerdictBar({ verdicts }: { verdicts: Verdicts }) {
  const parts = [['pass', verdicts.pass], ['fail', verdicts.fail], ['error', verdicts.error], ['skip', verdicts.skip]] as const;
  return (
    <span className="verdict-bar" aria-hidden="true">
      {parts.map(([name, times]) => times > 0 && <i key={name} className={`part-${name}`} style={{ flexGrow: times }} />)}
    </span>
  );
}

function Foot({ live }: { live: NodeLive | undefined }) {
  if (live?.text) return <p className="face-text detail">{live.text}</p>;
  if (!live || (!live.guardrails && !live.latency && !live.cost)) return null;
  return (
    <p className="face-foot detail">
      {live.guardrails && <Guards of={live.guardrails} />}
      {[live.latency, live.cost].filter(Boolean).join(' · ')}
    </p>
  );
}

function Guards({ of }: { of: Record<string, number> }) {
  return Object.entries(of).map(([what, times]) => (
    <span key={what} className="guard detail" title="by a guardrail">
      ⊘ {what} {short(times)}
    </span>
  ));
}
