// The places in a canvas that something else is drawn into. React Flow's own components look for theirs through the whole
// page each time that the canvas moves; with a label on each of a thousand edges that alone was longer than a frame.
const known = new WeakMap<Element, Map<string, Element | null>>();

export function layerOf(canvas: Element, name: 'edgelabel-renderer' | 'viewport-portal'): Element | null {
  const its = known.get(canvas) ?? new Map<string, Element | null>();
  known.set(canvas, its);
  const found = its.get(name) ?? canvas.querySelector(`.react-flow__${name}`);
  its.set(name, found);
  return found;
}
