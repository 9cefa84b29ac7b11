// What stands for faces, boxes and edges from far away. It is painted under the nodes, which have no look of their own
// then, but are in the page: they are chosen, focused and named as near by.
import { useStore } from '@xyflow/react';
import { memo, useMemo, type CSSProperties } from 'react';
import { createPortal } from 'react-dom';
import { boxesOf, chosenOf, facesOf, linesOf, movedIn, placesOf } from './far';
import type { FlowEdge } from './Edges';
import type { FlowNode } from './Faces';
import { STILL, type Live, type LiveState } from './live';
import { layerOf } from './layers';
import { useLiveNow } from './useLiveNow';
import type { Place } from './model';

const EVERY_MS = 500;

type Props = { nodes: FlowNode[]; edges: FlowEdge[]; laidOut: FlowNode[]; live: Live | undefined };

// While a node is dragged, only what moves with it is made anew in each frame.
export function FarGraph({ nodes, edges, laidOut, live = STILL }: Props) {
  const canvas = useStore((state) => state.domNode);
  const zoom = useStore((state) => state.transform[2]);
  const state = useLiveNow(live, EVERY_MS);
  const before = useMemo(() => placesOf(laidOut), [laidOut]);
  const places = useMemo(() => placesOf(nodes), [nodes]);
  const moved = movedIn(places, before);
  const which = [...moved].join(' ');
  const still = useMemo(() => {
    const isMoved = (id: string): boolean => moved.has(id);
    const hasMoved = (edge: FlowEdge): boolean => isMoved(edge.source) || isMoved(edge.target);
    return { nodes: laidOut.filter((node) => !isMoved(node.id)), edges: edges.filter((edge) => !hasMoved(edge)), edgesOfMoved: edges.filter(hasMoved) };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `moved` is another set in each frame, with the same in it
  }, [laidOut, edges, which]);
  const layer = canvas && layerOf(canvas, 'viewport-portal');
  if (!layer) return null;
  return createPortal(
    <svg className="far-graph" aria-hidden="true" width="1" height="1" style={{ '--pixel': `${1 / zoom}px` } as CSSProperties}>
      <Shapes nodes={still.nodes} edges={still.edges} places={before} before={before} state={state} />
      {moved.size > 0 && <Shapes nodes={nodes.filter((node) => moved.has(node.id))} edges={still.edgesOfMoved} places={places} before={before} state={state} />}
      <path className="far-chosen" d={chosenOf(nodes, places)} />
    </svg>,
    layer,
  );
}

type Shown = { nodes: FlowNode[]; edges: FlowEdge[]; places: Map<string, Place>; before: Map<string, Place>; state: LiveState };

const Shapes = memo(function Shapes({ nodes, edges, places, before, state }: Shown) {
  const boxes = useMemo(() => boxesOf(nodes, places), [nodes, places]);
  const { lines, backs } = useMemo(() => linesOf(edges, places, before), [edges, places, before]);
  const faces = useMemo(() => facesOf(nodes, places, state), [nodes, places, state]);
  return (
    <>
      <path className="far-box" d={boxes} />
      <path className="far-line" d={lines} />
      <path className="far-line back" d={backs} />
      {Object.entries(faces).map(([status, shape]) => (
        <path key={status} className={`far-face is-${status}`} d={shape} />
      ))}
    </>
  );
});
