import { useCallback, useEffect, useLayoutEffect, useState, type RefObject } from 'react';
import { scrolledTo, windowOf, type Window } from './windowing';

// Follows how a list is scrolled and how high it is.
export function useWindow(
  box: RefObject<HTMLElement | null>,
  rowHeight: number,
  total: number,
): { shown: Window; inSight: number; bringIntoSight: (row: number) => void } {
  const [at, setAt] = useState({ top: 0, height: 600 });
  const look = useCallback(() => {
    const element = box.current;
    if (element) setAt((old) => (old.top === element.scrollTop && old.height === element.clientHeight ? old : { top: element.scrollTop, height: element.clientHeight }));
  }, [box]);
  useLayoutEffect(look, [look, total]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    element.addEventListener('scroll', look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      sizes.disconnect();
    };
  }, [box, look]);
  const bringIntoSight = useCallback(
    (row: number) => {
      const element = box.current;
      if (element) element.scrollTop = scrolledTo(row, element.scrollTop, element.clientHeight, rowHeight);
    },
    [box, rowHeight],
  );
  return { shown: windowOf(at.top, at.height, rowHeight, total), inSight: Math.max(1, Math.floor(at.height / rowHeight)), bringIntoSight };
}
