import { useState } from 'react';
import { look, useVersion } from '../api/version';
import { KeyHelp } from './KeyHelp';
import { useKeys } from './keys';
import { THEMES, useTheme } from '../theme';

// What stands in the bar beside the links: whose folder this is, and how the page looks.
export function Whose() {
  const version = useVersion((known) => known.version);
  return (
    <div className="whose">
      {version?.is_read_only && <span className="badge">read-only</span>}
      {version && (
        <span className="workspace" title={version.workspace}>
          {version.workspace.split('/').pop() || '/'}
        </span>
      )}
      <KeysButton />
      <ThemeButton />
    </div>
  );
}

function KeysButton() {
  const [isOpen, setIsOpen] = useState(false);
  useKeys({ '?': () => setIsOpen(true) });
  return (
    <>
      <button type="button" className="icon" aria-label="Keys" title="Keys (?)" onClick={() => setIsOpen(true)}>
        <span aria-hidden="true">?</span>
      </button>
      {isOpen && <KeyHelp onClose={() => setIsOpen(false)} />}
    </>
  );
}

const SIGNS = { system: '◐', light: '○', dark: '●' };

function ThemeButton() {
  const { theme, choose } = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  return (
    <button type="button" className="icon" aria-label={`Theme: ${theme}. Change to ${next}.`} title={`Theme: ${theme}`} onClick={() => choose(next)}>
      <span aria-hidden="true">{SIGNS[theme]}</span>
    </button>
  );
}

// Said above everything: that this tab is of another build, or that nobody answers it.
export function Trouble() {
  const trouble = useVersion((known) => known.trouble);
  if (trouble === undefined) return null;
  return (
    <output className="trouble">
      {trouble === 'updated' && (
        <>
          <span>Studio was updated. This tab still shows the page from before.</span>
          <button type="button" onClick={() => window.location.reload()}>
            Reload
          </button>
        </>
      )}
      {trouble === 'locked' && (
        <span>
          Studio was started again and does not know this tab. Open the link that <code>sygra-eval studio</code> printed.
        </span>
      )}
      {trouble === 'gone' && (
        <>
          <span>
            Studio does not answer; what is shown may be old. Was it stopped? <code>sygra-eval studio</code> starts it.
          </span>
          <button type="button" onClick={() => void look()}>
            Try again
          </button>
        </>
      )}
    </output>
  );
}
