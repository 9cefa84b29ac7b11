// What stands for faces, boxes and edges from far away. It is painted under the nodes, which have no look of their own
// then, but are in the page: they are chosen, focused and named as near by.
import { useStore } from '@xyflow/react';
import { useMemo } from 'react';
import { createPortal } from 'react-dom';
import { boxesOf, facesOf, linesOf, placesOf } from './far';
import type { FlowEdge } from './Edges';
import type { FlowNode } from './Faces';
import { STILL, type Live } from './live';
import { layerOf } from './layers';
import { useLiveNow } from './useLiveNow';

const EVERY_MS = 500;

type Props = { nodes: FlowNode[]; edges: FlowEdge[]; laidOut: FlowNode[]; live: Live | undefined };

export function FarGraph({ nodes, edges, laidOut, live = STILL }: Props) {
  const canvas = useStore((state) => state.domNode);
  const state = useLiveNow(live, EVERY_MS);
  const before = useMemo(() => placesOf(laidOut), [laidOut]);
  const places = useMemo(() => placesOf(nodes), [nodes]);
  const boxes = useMemo(() => boxesOf(nodes, places), [nodes, places]);
  const { lines, backs } = useMemo(() => linesOf(edges, places, before), [edges, places, before]);
  const faces = useMemo(() => facesOf(nodes, places, state), [nodes, places, state]);
  const layer = canvas && layerOf(canvas, 'viewport-portal');
  if (!layer) return null;
  return createPortal(
    <svg className="far-graph" aria-hidden="true" width="1" height="1">
      <path className="far-box" d={boxes} />
      <path className="far-line" d={lines} />
      <path className="far-line back" d={backs} />
      {Object.entries(faces).map(([status, shape]) => (
        <path key={status} className={`far-face is-${status}`} d={shape} />
      ))}
    </svg>,
    layer,
  );
}
