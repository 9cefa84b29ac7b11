// Which run a graph shows; none where a suite is shown that does not run.
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { STILL, type BoxLive, type EdgeLive, type Live, type NodeLive, type RowsLive } from './live';

export const LiveContext = createContext<Live | undefined>(undefined);
// Whether the graph is seen from so far away that its faces are drawn all at once, and not each by itself.
export const FarContext = createContext(false);

const useLive = (): Live => useContext(LiveContext) ?? STILL;

export const useNodeLive = (id: string): NodeLive | undefined => useStore(useLive().store, (state) => state.nodes[id]);
export const useEdgeLive = (id: string): EdgeLive | undefined => useStore(useLive().store, (state) => state.edges[id]);
export const useBoxLive = (id: string): BoxLive | undefined => useStore(useLive().store, (state) => state.boxes[id]);
export const useRowsLive = (): RowsLive | undefined => useStore(useLive().store, (state) => state.rows);
