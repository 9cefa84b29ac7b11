// The lines between nodes, as the text of an SVG path.
import type { Point } from './model';

const ROUND = 10;

// Through all points, with round corners.
export function through(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M ${first.x} ${first.y}`;
  rest.forEach((point, at) => {
    const [before, after] = [points[at]!, rest[at + 1]];
    if (!after) {
      path += ` L ${point.x} ${point.y}`;
      return;
    }
    const [into, out] = [toward(point, before), toward(point, after)];
    path += ` L ${into.x} ${into.y} Q ${point.x} ${point.y} ${out.x} ${out.y}`;
  });
  return path;
}

// Down from one node, along under all that stands between, and up to the other.
export function under(from: Point, to: Point, floor: number): { path: string; label: Point } {
  const y = Math.max(floor, from.y + 18, to.y + 18);
  return { path: through([from, { x: from.x, y }, { x: to.x, y }, to]), label: { x: (from.x + to.x) / 2, y } };
}

// Up from a node that stands lower, along between the two, and up to the other: how a critique loop goes round.
export function between(from: Point, to: Point): { path: string; label: Point } {
  const y = (from.y + to.y) / 2;
  return { path: through([from, { x: from.x, y }, { x: to.x, y }, to]), label: { x: (from.x + to.x) / 2, y } };
}

function toward(from: Point, to: Point): Point {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  if (length === 0) return from;
  const step = Math.min(ROUND, length / 2) / length;
  return { x: round(from.x + dx * step), y: round(from.y + dy * step) };
}

const round = (value: number): number => Math.round(value * 10) / 10;
