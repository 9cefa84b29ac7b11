// The suite's file as it is, with the lines that something is wrong with. CodeMirror comes when this is first shown; it
// is drawn in a shadow root, where its styles are sheets that a script adopts, which the page's CSP allows (an element
// `<style>` it does not).
import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../api/types';
import type { Shown } from './editor';

export function Source({ text, problems, line }: { text: string; problems: Problem[]; line: { number: number } | undefined }) {
  const place = useRef<HTMLDivElement>(null);
  const shown = useRef<Shown>(undefined);
  const [isPlain, setIsPlain] = useState(false);

  useEffect(() => {
    let isOver = false;
    import('./editor').then(
      ({ show }) => {
        if (!isOver && place.current) shown.current = show(place.current, text, problems);
      },
      () => setIsPlain(true), // the server is gone, say: the text is here
    );
    return () => {
      isOver = true;
      shown.current?.end();
      shown.current = undefined;
    };
  }, [text, problems]);
  useEffect(() => {
    if (line) shown.current?.goTo(line.number);
  }, [line]);

  if (isPlain)
    return (
      <pre className="suite-file plain-file">
        {text.split('\n').map((one, at) => (
          <span key={at} className="numbered">
            {one}
            {'\n'}
          </span>
        ))}
      </pre>
    );
  return <div ref={place} className="suite-file" />;
}
