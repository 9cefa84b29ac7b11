import { useMemo, type ReactNode } from 'react';
import { diffLines, folded, piecesOf, sideBySide, type Line, type Pair } from './diff';
import { counted, seen } from '../format';

// What changed between two candidates, in two columns or one below the other.
export function DiffView({ before, after, labels, isUnified }: { before: string; after: string; labels: [string, string]; isUnified: boolean }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  if (lines.every((line) => line.kind === 'same')) return <p className="quiet diff-same">The code is the same.</p>;
  return isUnified ? <Unified lines={lines} /> : <Sides lines={lines} labels={labels} />;
}

function Unified({ lines }: { lines: Line[] }) {
  return (
    <table className="diff" aria-label="Changes">
      <colgroup>
        <col className="diff-narrow" />
        <col className="diff-narrow" />
        <col />
      </colgroup>
      <tbody>
        {folded(lines, (line) => line.kind !== 'same').map((line, at) =>
          typeof line === 'number' ? (
            <Fold key={at} lines={line} span={3} />
          ) : (
            <tr key={at} className={`diff-${line.kind}`}>
              <td className="diff-number">{line.before}</td>
              <td className="diff-number">{line.after}</td>
              <td>
                <Sign kind={line.kind} />
                {seen(line.text)}
              </td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

function Sides({ lines, labels }: { lines: Line[]; labels: [string, string] }) {
  const pairs = folded(sideBySide(lines), (pair) => pair.left?.kind !== 'same');
  return (
    <table className="diff diff-sides" aria-label="Changes">
      <colgroup>
        <col className="diff-narrow" />
        <col />
        <col className="diff-narrow" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th colSpan={2}>{labels[0]}</th>
          <th colSpan={2}>{labels[1]}</th>
        </tr>
      </thead>
      <tbody>{pairs.map((pair, at) => (typeof pair === 'number' ? <Fold key={at} lines={pair} span={4} /> : <PairRow key={at} pair={pair} />))}</tbody>
    </table>
  );
}

function PairRow({ pair }: { pair: Pair }) {
  const { left, right } = pair;
  const isSame = left?.kind === 'same';
  return (
    <tr>
      <td className="diff-number">{left?.before}</td>
      <td className={left ? `diff-${left.kind}` : 'diff-none'}>{left && <Text line={left} other={isSame ? left.text : right?.text} />}</td>
      <td className="diff-number">{right?.after}</td>
      <td className={right ? `diff-${right.kind}` : 'diff-none'}>{right && <Text line={right} other={isSame ? right.text : left?.text} />}</td>
    </tr>
  );
}

function Text({ line, other }: { line: Line; other: string | undefined }): ReactNode {
  if (line.kind === 'same') return seen(line.text);
  return (
    <>
      <Sign kind={line.kind} />
      {piecesOf(line.text, other).map((piece, at) => (piece.isChanged && other !== undefined ? <em key={at}>{seen(piece.text)}</em> : <span key={at}>{seen(piece.text)}</span>))}
    </>
  );
}

// Never by colour alone.
function Sign({ kind }: { kind: Line['kind'] }) {
  return <span className="diff-sign">{{ same: ' ', gone: '−', new: '+' }[kind]}</span>;
}

function Fold({ lines, span }: { lines: number; span: number }) {
  return (
    <tr className="diff-fold">
      <td colSpan={span}>
        {counted(lines, 'line')} unchanged
      </td>
    </tr>
  );
}
