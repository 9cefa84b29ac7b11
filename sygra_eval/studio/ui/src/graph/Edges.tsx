// How an edge looks: forward ones along the way that the layout found, back ones under or between their nodes with the
// rounds on them.
import { BaseEdge, getBezierPath, useStore, type Edge, type EdgeProps, type EdgeTypes } from '@xyflow/react';
import { memo, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { short } from '../format';
import { useBoxLive, useEdgeLive } from './context';
import { layerOf } from './layers';
import type { Point } from './model';
import { between, through, under } from './paths';

// `from` and `to` are where its ends were when it was laid out: once a node was dragged, the points mean nothing.
export type EdgeData = { label: string | undefined; loop: string | undefined; points: Point[]; from: Point; to: Point; floor: number | undefined };
export type FlowEdge = Edge<EdgeData, 'forward' | 'back'>;

const Forward = memo(function Forward(props: EdgeProps<FlowEdge>) {
  const { id, data, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  const live = useEdgeLive(id);
  const [from, to] = [{ x: sourceX, y: sourceY }, { x: targetX, y: targetY }];
  const [bezier, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const isAsLaidOut = data !== undefined && data.points.length > 1 && near(from, data.from) && near(to, data.to);
  const path = isAsLaidOut ? through([from, ...data.points, to]) : bezier;
  const at = isAsLaidOut ? data.points[Math.floor(data.points.length / 2)]! : { x, y };
  const isUsed = (live?.count ?? 0) > 0;
  return (
    <>
      <BaseEdge id={id} path={path} markerEnd={props.markerEnd ?? ''} className={isUsed ? 'is-used' : ''} interactionWidth={0} />
      {(data?.label || live) && (
        <EdgeLabel at={at} kind="forward">
          {data?.label && <span title={data.label}>{data.label}</span>}
          {live && <b>{short(live.count)}</b>}
        </EdgeLabel>
      )}
    </>
  );
});

const Back = memo(function Back(props: EdgeProps<FlowEdge>) {
  const { id, data, sourceX, sourceY, targetX, targetY } = props;
  const live = useEdgeLive(id);
  const rounds = useBoxLive(data?.loop ?? '')?.rounds;
  const [from, to] = [{ x: sourceX, y: sourceY }, { x: targetX, y: targetY }];
  const { path, label } = data?.floor === undefined ? between(from, to) : under(from, to, data.floor);
  return (
    <>
      <BaseEdge id={id} path={path} markerEnd={props.markerEnd ?? ''} className="back" interactionWidth={0} />
      <EdgeLabel at={label} kind="back">
        <span title={data?.label}>↺ {rounds ?? data?.label ?? 'again'}</span>
        {live && <b>{short(live.count)}</b>}
      </EdgeLabel>
    </>
  );
});

export const EDGE_TYPES: EdgeTypes = { forward: Forward, back: Back };

function EdgeLabel({ at, kind, children }: { at: Point; kind: string; children: ReactNode }) {
  const canvas = useStore((state) => state.domNode);
  const layer = canvas && layerOf(canvas, 'edgelabel-renderer');
  if (!layer) return null;
  return createPortal(
    <div className={`edge-label edge-label-${kind} detail`} style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}>
      {children}
    </div>,
    layer,
  );
}

const near = (a: Point, b: Point): boolean => Math.abs(a.x - b.x) < 2 && Math.abs(a.y - b.y) < 2;
