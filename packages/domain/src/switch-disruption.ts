import type { Instant } from "./brand.ts";

/** Connections that a switch broke: reset, or timed out, after they were established. `isFinal`: nothing more is counted. */
export type MeasuredDisruption = { readonly reset: number; readonly timeout: number; readonly isFinal: boolean };

/**
 * What the last switch of a node could disturb, and what it did; kept in the node's record, one for an attempt and a direction. `expectedAtMost`: TCP
 * connections older than 30 s just before it; absent where nobody could count them. `measured`: absent until the node's agent has counted.
 */
export type SwitchDisruption = {
  readonly operationId: string;
  readonly attempt: number;
  readonly step: "On" | "Off";
  readonly at: Instant;
  readonly expectedAtMost?: number | undefined;
  readonly measured?: MeasuredDisruption | undefined;
};

/** The same of a node as operators see it. `Ahead`: it is not switched yet, and `expectedAtMost` is what its agent counts now. */
export type NodeDisruption = Pick<SwitchDisruption, "step" | "expectedAtMost" | "measured"> & {
  readonly state: "Ahead" | "Switched" | "Measured";
};

/**
 * Nodes that an operation switches or has switched, summed up. `expectedAtMost` leaves out the `unknownNodes`, `reset` and `timeout` all nodes but the
 * `measuredNodes`.
 */
export type ClusterDisruption = {
  readonly nodes: number;
  readonly unknownNodes: number;
  readonly expectedAtMost: number;
  readonly measuredNodes: number;
  readonly reset: number;
  readonly timeout: number;
};
