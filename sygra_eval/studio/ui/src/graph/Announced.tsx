// Says how far something is to those who do not see it; at most each five seconds, or nobody could listen.
import { useEffect, useRef, useState } from 'react';
import '../styles/graph.css';

const EVERY_MS = 5000;

// `text` is asked when it is time; an empty or the same one says nothing.
export function Announced({ text }: { text: () => string }) {
  const [said, setSaid] = useState('');
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  });
  useEffect(() => {
    const timer = setInterval(() => setSaid(latest.current()), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <output className="unseen" aria-live="polite">
      {said}
    </output>
  );
}
