import { useState } from 'react';
import { address, get, Refused } from '../api/client';
import type { Piece, Text } from '../api/types';
import { Problem } from '../parts/Problem';
import { count, counted, seen } from '../format';

const MOST_SHOWN = 1_000_000;

export type Whose = { run: string; row: string };

// A text of a record; of a long one its beginning, then as much more as somebody asks for.
export function LongText({ text, of, className }: { text: Text; of: Whose; className?: string }) {
  const [pieces, setPieces] = useState<{ text: Text; more: string[]; error?: Refused }>({ text, more: [] });
  const mine = pieces.text === text ? pieces : { text, more: [] };
  const shown = [...text.text].length + mine.more.reduce((sum, piece) => sum + [...piece].length, 0);
  const place = { row: of.row, of: text.of ?? '' };
  const fetchMore = () =>
    get<Piece>(address(`${of.run}/text`, { ...place, start: shown })).then(
      (piece) => setPieces({ text, more: [...mine.more, piece.text] }),
      (error: unknown) => setPieces({ ...mine, error: error instanceof Refused ? error : new Refused(0, 'internal', String(error)) }),
    );
  return (
    <>
      <pre className={className}>{seen(text.text)}</pre>
      {mine.more.map((piece, at) => (
        <pre key={at} className={className}>
          {seen(piece)}
        </pre>
      ))}
      {mine.error && <Problem error={mine.error} />}
      {text.of !== null && (
        <p className="longtext">
          {count(shown)} of {counted(text.length, 'character')}
          {shown < text.length && shown < MOST_SHOWN && (
            <button type="button" className="link" onClick={() => void fetchMore()}>
              show more
            </button>
          )}
          <a href={address(`${of.run}/text/file`, place)} download="text.txt">
            save all of it
          </a>
        </p>
      )}
    </>
  );
}
