import { useEffect, useState, type RefObject } from 'react';
import { scrolledTo, windowOf, type Window } from './windowing';

// Follows how a list is scrolled and how high it is.
export function useWindow(box: RefObject<HTMLElement | null>, rowHeight: number, total: number): { shown: Window; inSight: number } {
  const [at, setAt] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () =>
      setAt((old) => (old.top === element.scrollTop && old.height === element.clientHeight ? old : { top: element.scrollTop, height: element.clientHeight }));
    const sizes = new ResizeObserver(look); // it looks once at its start
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      element.removeEventListener('scroll', look);
      sizes.disconnect();
    };
  }, [box, total]);
  return { shown: windowOf(at.top, at.height, rowHeight, total), inSight: Math.max(1, Math.floor(at.height / rowHeight)) };
}

// `header` is what sticks to the top of the list and covers its first rows.
export function bringIntoSight(element: HTMLElement | null, row: number, rowHeight: number, header = 0): void {
  element?.scrollTo({ top: scrolledTo(row, element.scrollTop, element.clientHeight - header, rowHeight) });
}
