// What time it is, for words such as `2 minutes ago`: told anew each half minute.
import { useEffect, useState } from 'react';

export function useNow(every_ms = 30_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every_ms);
    return () => window.clearInterval(timer);
  }, [every_ms]);
  return now;
}
