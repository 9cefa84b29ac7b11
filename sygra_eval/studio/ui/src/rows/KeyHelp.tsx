import { useEffect, useRef } from 'react';

export type KeyLine = [keys: string, what: string];

// The keys of a screen, on `?`.
export function KeyHelp({ lines, onClose }: { lines: KeyLine[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="keyhelp" aria-labelledby="keyhelp-title" onClose={onClose}>
      <h2 id="keyhelp-title">Keys</h2>
      <dl>
        {lines.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
