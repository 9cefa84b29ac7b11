import { useCallback, useEffect, useState } from 'react';
import { address, change, get, Refused } from '../api/client';
import type { MarkKind, RowMarks } from '../api/types';

const AUTHOR = 'sygra_eval.author';

export type Marks = {
  marks: RowMarks | undefined;
  error: Refused | undefined;
  add: (kind: MarkKind, text?: string) => Promise<boolean>;
};

// What people said of a row; what is added is on disk when `add` is done.
export function useMarks(run: string, row: string, author: string): Marks {
  const [state, setState] = useState<{ row: string; marks?: RowMarks; error?: Refused }>({ row });
  useEffect(() => {
    let isWanted = true;
    get<RowMarks[]>(address(`${run}/marks`, { row })).then(
      (marks) => isWanted && setState({ row, ...(marks[0] ? { marks: marks[0] } : {}) }),
      (error: unknown) => isWanted && setState({ row, error: refusedOf(error) }),
    );
    return () => {
      isWanted = false;
    };
  }, [run, row]);
  const add = useCallback(
    async (kind: MarkKind, text = '') => {
      try {
        const marks = await change<RowMarks>('POST', address(`${run}/marks`), { row, kind, text, author });
        setState((old) => (old.row === row ? { row, marks } : old));
        return true;
      } catch (error) {
        setState((old) => (old.row === row ? { ...old, error: refusedOf(error) } : old));
        return false;
      }
    },
    [run, row, author],
  );
  const isThis = state.row === row;
  return { marks: isThis ? state.marks : undefined, error: isThis ? state.error : undefined, add };
}

// Who marks, kept in this browser; without one it is the user of the machine.
export function keptAuthor(): string {
  try {
    return window.localStorage.getItem(AUTHOR) ?? '';
  } catch {
    return '';
  }
}

export function keepAuthor(author: string): void {
  try {
    window.localStorage.setItem(AUTHOR, author);
  } catch {
    // it is asked for again next time
  }
}

function refusedOf(error: unknown): Refused {
  return error instanceof Refused ? error : new Refused(0, 'internal', String(error));
}
