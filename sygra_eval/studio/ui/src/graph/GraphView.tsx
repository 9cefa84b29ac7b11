// The graph, to look at: it can be moved and its nodes chosen, and nothing of it is changed. Start at `GraphView`.
import '@xyflow/react/dist/style.css';
import '../styles/graph.css';
import { applyNodeChanges, Background, BackgroundVariant, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type NodeChange } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { FarContext, LiveContext } from './context';
import { EDGE_TYPES, type FlowEdge } from './Edges';
import { NODE_TYPES, type FlowNode } from './Faces';
import { FarGraph } from './FarGraph';
import { flowOf } from './flow';
import type { Live } from './live';
import type { Drawing, Layout } from './model';
import { useLayout } from './useLayout';

const FAR = 0.35; // below this nobody reads a counter
const VERY_FAR = 0.2; // below this nobody reads a name: all is drawn as a few shapes
const NO_EDGES: FlowEdge[] = []; // as edges are among these shapes
const MANY = 80; // from so many nodes on, only those in view are in the page where each is drawn by itself
const BIG = 20; // from so many on a map helps to find one
const MAP = { width: 150, height: 100 };
const FIT = { padding: 0.08, maxZoom: 1.1 };

type Props = { drawing: Drawing; live: Live | undefined; chosen: string | undefined; onChoose: (id: string | undefined) => void };

export function GraphView(props: Props) {
  const layout = useLayout(props.drawing);
  if (!layout) return <p className="loading">Drawing the graph …</p>;
  return (
    <LiveContext value={props.live}>
      {/* Said here too: the first nodes are placed before the canvas says it, and a chosen box hid the lines in it. */}
      <ReactFlowProvider zIndexMode="manual">
        <Canvas key={keyOf(props.drawing)} {...props} layout={layout} />
      </ReactFlowProvider>
    </LiveContext>
  );
}

// Another graph is another canvas; the same one told again keeps where it was moved to.
const keyOf = (drawing: Drawing): string => drawing.edges.map((edge) => edge.id).join(' ');

function Canvas({ drawing, layout, live, chosen, onChoose }: Props & { layout: Layout }) {
  const flow = useMemo(() => flowOf(drawing, layout), [drawing, layout]);
  const [nodes, setNodes] = useState<FlowNode[]>(flow.nodes);
  const onNodesChange = useCallback(
    (changes: Array<NodeChange<FlowNode>>) => {
      setNodes((old) => applyNodeChanges(changes, old));
      const picked = changes.find((change) => change.type === 'select' && change.selected);
      if (picked?.type === 'select') onChoose(picked.id);
      else if (changes.some((change) => change.type === 'select' && change.id === chosen)) onChoose(undefined);
    },
    [onChoose, chosen],
  );
  const shown = useMemo(() => (nodes.some((node) => (node.selected ?? false) !== (node.id === chosen)) ? nodes.map((node) => ((node.selected ?? false) === (node.id === chosen) ? node : { ...node, selected: node.id === chosen })) : nodes), [nodes, chosen]);
  const wasMoved = useRef(false);
  const onMoveStart = useCallback((event: unknown) => {
    if (event) wasMoved.current = true; // by hand; else the canvas fitted itself
    canvasOf()?.classList.add('is-moving');
  }, []);
  const isMany = flow.nodes.length > MANY;
  const isVeryFar = useStore((state) => state.transform[2] < VERY_FAR);
  return (
    <Distance live={live} isVeryFar={isVeryFar}>
      <ReactFlow<FlowNode>
        nodes={shown}
        edges={isVeryFar ? NO_EDGES : flow.edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onMoveStart={onMoveStart}
        onMoveEnd={onMoveEnd}
        onNodesChange={onNodesChange as never}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        zIndexMode="manual"
        elevateNodesOnSelect={false}
        minZoom={0.02}
        maxZoom={2}
        fitView
        fitViewOptions={FIT}
        onlyRenderVisibleElements={isMany && !isVeryFar}
        attributionPosition="bottom-left"
        aria-label="Graph of the suite"
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        {isVeryFar && <FarGraph nodes={shown} edges={flow.edges} laidOut={flow.nodes} live={live} />}
        <Fitted unless={wasMoved} />
        <Controls showInteractive={false} fitViewOptions={FIT} />
        {flow.nodes.length > BIG && <MiniMap style={MAP} pannable zoomable ariaLabel="Map of the graph" nodeClassName={miniClass} />}
      </ReactFlow>
    </Distance>
  );
}

// A class and not a state: nothing is drawn anew for it.
const canvasOf = (): Element | null => document.querySelector('.graph');
const onMoveEnd = (): void => canvasOf()?.classList.remove('is-moving');

// Another size of the window, or the panel beside it gone, fits the graph again, unless somebody moved it.
function Fitted({ unless }: { unless: { current: boolean } }) {
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const { fitView } = useReactFlow();
  const fit = useRef(fitView); // it is another one when the canvas is ready, and that alone is no reason to fit
  useEffect(() => {
    fit.current = fitView;
  });
  useEffect(() => {
    if (width > 0 && height > 0 && !unless.current) void fit.current(FIT);
  }, [width, height, unless]);
  return null;
}

const miniClass = (node: FlowNode): string => `mini-${node.type}`;

// From far away details are hidden by one class, not by drawing every face anew.
function Distance({ live, isVeryFar, children }: { live: Live | undefined; isVeryFar: boolean; children: ReactNode }) {
  const isFar = useStore((state) => state.transform[2] < FAR);
  useEffect(() => live?.slow(isFar), [live, isFar]);
  return (
    <FarContext value={isVeryFar}>
      <div className={`graph ${isFar ? 'is-far' : ''} ${isVeryFar ? 'is-very-far' : ''}`}>{children}</div>
    </FarContext>
  );
}
