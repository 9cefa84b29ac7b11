import '../styles/dialog.css';
import { useEffect, useRef, type ReactNode } from 'react';

// A dialog of the browser's own: it keeps the focus inside, Escape closes it, and the focus goes back after it.
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
      dialog.querySelector<HTMLElement>(':scope > :not(header) :is(input, select, textarea, button, a)')?.focus(); // and not the cross that closes it
    }
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} className="dialog" aria-labelledby="dialog-title" onCancel={(event) => (event.preventDefault(), onClose())}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
