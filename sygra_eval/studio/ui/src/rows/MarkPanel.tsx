// oxlint-disable jsx-a11y/prefer-tag-over-role -- a group of buttons is no fieldset
import { useState } from 'react';
import type { MarkKind } from '../api/types';
import { Problem } from '../parts/Problem';
import type { Marks } from './marks';
import { seen } from '../format';

export type Writing = 'fix' | 'note' | 'label' | undefined;

const SAYS: Record<MarkKind, string> = { accept: '✓ accepted', reject: '✗ rejected', fix: '✎ fixed by hand', label: '# label', note: '✎ note', undo: '' };

// The row's marks by hand, and the buttons beside the keys that make them.
export function MarkBar({ marks, isReadOnly, onWrite }: { marks: Marks; isReadOnly: boolean; onWrite: (what: Writing) => void }) {
  const shown = marks.marks?.shown;
  const lines = marks.marks?.lines ?? [];
  return (
    <div className="markbar">
      <div className="markbar-buttons" role="group" aria-label="Mark this row">
        <button type="button" disabled={isReadOnly} aria-pressed={shown === 'accept'} onClick={() => void marks.add('accept')}>
          Accept <kbd>a</kbd>
        </button>
        <button type="button" disabled={isReadOnly} aria-pressed={shown === 'reject'} onClick={() => void marks.add('reject')}>
          Reject <kbd>r</kbd>
        </button>
        <button type="button" disabled={isReadOnly} aria-pressed={shown === 'fix'} onClick={() => onWrite('fix')}>
          Fix <kbd>e</kbd>
        </button>
        <button type="button" disabled={isReadOnly} onClick={() => onWrite('label')}>
          Label <kbd>t</kbd>
        </button>
        <button type="button" disabled={isReadOnly} onClick={() => onWrite('note')}>
          Note <kbd>n</kbd>
        </button>
        <button type="button" disabled={isReadOnly || lines.length === 0} onClick={() => void marks.add('undo')}>
          Undo <kbd>u</kbd>
        </button>
      </div>
      {marks.error && <Problem error={marks.error} />}
      {isReadOnly && <span className="quiet">This Studio is read-only.</span>}
      <ul className="markbar-lines" aria-label="Marks" aria-live="polite">
        {lines.map((line, at) => (
          <li key={at} className={`mark mark-${line.kind}`} title={`${line.author}, ${line.at}`}>
            {SAYS[line.kind]}
            {line.kind === 'label' || line.kind === 'note' ? `: ${seen(line.text)}` : ''} <span className="quiet">{seen(line.author)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const TITLES = { fix: 'Fix the answer by hand', note: 'Note', label: 'Label' };

export function MarkEditor(props: {
  what: NonNullable<Writing>;
  begin: string;
  author: string;
  onAuthor: (author: string) => void;
  onSave: (text: string) => void;
  onCancel: () => void;
}) {
  const [text, setText] = useState(props.begin);
  const isLong = props.what !== 'label';
  const save = () => text.trim() !== '' && props.onSave(text);
  return (
    // Its keys are those of the fields inside.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <form
      className={`mark-editor mark-editor-${props.what}`}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onCancel();
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
      }}
    >
      <label>
        <span>{TITLES[props.what]}</span>
        {isLong ? (
          // It was just asked for, by a key or a button.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          <textarea autoFocus className={props.what === 'fix' ? 'code' : undefined} rows={props.what === 'fix' ? 16 : 3} value={text} onChange={(event) => setText(event.target.value)} spellCheck={props.what !== 'fix'} />
        ) : (
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          <input autoFocus value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </label>
      <div className="mark-editor-end">
        <label>
          <span>Author</span>
          <input value={props.author} placeholder="you, on this machine" onChange={(event) => props.onAuthor(event.target.value)} />
        </label>
        <button type="submit" className="primary" disabled={text.trim() === ''}>
          Save <kbd>Ctrl</kbd> <kbd>Enter</kbd>
        </button>
        <button type="button" onClick={props.onCancel}>
          Cancel <kbd>Esc</kbd>
        </button>
      </div>
    </form>
  );
}
