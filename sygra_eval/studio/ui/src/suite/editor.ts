// CodeMirror over a suite's text, to read. Loaded when it is first needed.
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting, foldGutter } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { Decoration, EditorView, highlightActiveLine, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Problem } from '../api/types';

export type Shown = { goTo: (line: number) => void; end: () => void };

// Colours are the page's own variables, which a shadow root inherits.
const THEME = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', color: 'var(--text)', backgroundColor: 'var(--raised)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-gutters': { backgroundColor: 'var(--sunk)', color: 'var(--quiet)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)' },
  '.cm-wrong': { backgroundColor: 'var(--bad-soft)' },
  '.cm-wrong-warning': { backgroundColor: 'var(--warn-soft)' },
});
const COLOURS = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.bool, tags.number, tags.null], color: 'var(--infra)' },
  { tag: [tags.separator, tags.punctuation, tags.bracket], color: 'var(--quiet)' },
]);

export function show(place: HTMLElement, text: string, problems: Problem[]): Shown {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
  const state = EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(),
      foldGutter(),
      highlightActiveLine(),
      yaml(),
      syntaxHighlighting(COLOURS),
      THEME,
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ 'aria-label': 'Text of the suite', 'aria-readonly': 'true', tabindex: '0' }),
      EditorView.editable.of(false),
      EditorView.decorations.of(marks(text, problems)),
    ],
  });
  const view = new EditorView({ state, root, parent: root });
  return {
    goTo(number) {
      const line = view.state.doc.line(Math.min(Math.max(1, number), view.state.doc.lines));
      view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: 'center' }) });
      view.focus();
    },
    end: () => view.destroy(),
  };
}

function marks(text: string, problems: Problem[]) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const at = new Map<number, string>();
  for (const problem of problems) {
    const start = starts[problem.line - 1];
    if (start !== undefined && at.get(start) !== 'cm-wrong') at.set(start, problem.severity === 'error' ? 'cm-wrong' : 'cm-wrong-warning');
  }
  const sorted = [...at].toSorted(([a], [b]) => a - b);
  return Decoration.set(sorted.map(([start, kind]) => Decoration.line({ class: kind }).range(start)));
}
