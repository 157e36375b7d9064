// What the traffic client is asked and what it answers. Read by the client inside the image and by its driver outside; types only.
import type { Retransmissions } from "./retransmissions.ts";

/**
 * Which way a connection goes: through the Service, to a pod's own address on the client's node or on another one, or to a host outside
 * the cluster, where it has to arrive with an address that is not the pod's.
 */
export type Path = "service" | "pod-same" | "pod-other" | "outside";

/** One address to connect to. Ports are the demo application's. */
export interface Target {
  readonly path: Path;
  readonly family: "v4" | "v6";
  readonly ip: string;
}

/** POST /run. One run at a time; another is refused with 409. */
export interface RunRequest {
  /** 1 to 64. */
  readonly targets: readonly Target[];
  /** 100 to 600,000. */
  readonly durationMs: number;
  /** New HTTP connections per second in all, spread over the targets in turn; 0 to 1,000. */
  readonly newConnectionsPerSecond: number;
  /** One TCP and one UDP echo flow to each target for the whole run, a message every 10 ms. */
  readonly longLived: boolean;
  /** Loops that open one connection after the other without pause; 0 to 16. */
  readonly hammerClients: number;
}

/** POST /flows: further flows that live as long as the run that is under way, TCP and UDP to each target. Without a run: 409. */
export interface FlowsRequest {
  /** 1 to 64. */
  readonly targets: readonly Target[];
}

/** How connections of one kind fared. Nothing is ever retried. */
export interface KindStats {
  /** Connections, or flows that live long. */
  readonly attempted: number;
  readonly ok: number;
  /** Ended otherwise than they should; `reset` is part of it. */
  readonly failed: number;
  readonly reset: number;
  /** Took, or were silent for, more than a second. */
  readonly stalledOver1s: number;
  /** Slowest connection, or slowest echo. */
  readonly maxLatencyMs: number;
  /** Flows that live long: the longest time without any echo. */
  readonly longestSilenceMs: number;
  /** Flows that live long: messages sent, and those not echoed. Over TCP a lost one means that the flow broke. */
  readonly sent: number;
  readonly lost: number;
}

/** One of the first failures, or of the first that went well and took more than a second. */
export interface TrafficError {
  /** RFC 3339. */
  readonly at: string;
  readonly kind: string;
  readonly ip: string;
  readonly text: string;
  readonly afterMs: number;
}

/** GET /stats: the run that runs, or the last one. */
export interface RunStats {
  readonly running: boolean;
  readonly elapsedMs: number;
  /** Keys: `new|tcp|udp|hammer`, path and family: `new/pod-same/v6`. */
  readonly kinds: Readonly<Record<string, KindStats>>;
  readonly errors: readonly TrafficError[];
  /** Longest time for which this client itself was not scheduled; a latency below it may be the client's own. */
  readonly clientPauseMs: number;
  /** The same of the replicas, as they say in their answers. */
  readonly serverPauseMs: number;
  /** What this client's kernel sent again during the run. Zero: whatever was late was not late for a lost packet of this side. */
  readonly retransmissions: Retransmissions;
}

/** What a replica answers over HTTP. */
export interface WebAnswer {
  readonly pod: string;
  readonly from: string | undefined;
  /** Longest time of the last 10 s for which the replica was not scheduled, milliseconds. */
  readonly pausedMs: number;
}

/** POST /port-reuse: flows that follow each other from one source port. */
export interface PortReuseRequest {
  readonly service: string;
  readonly pods: readonly string[];
  /** Rounds end early when this many hit the same backend twice; 1 to 50. */
  readonly hitsWanted: number;
}

/** How pairs of flows of one protocol and order fared. */
export interface ReuseStats {
  readonly rounds: number;
  /** Rounds in which the Service chose the backend of the direct flow: the only ones that prove something. */
  readonly sameBackend: number;
  readonly failed: number;
  readonly slowestMs: number;
  readonly firstError: string | null;
}

/** Answer to POST /port-reuse; keys `tcp/direct-then-service` and so on. */
export type PortReuseResult = Readonly<Record<string, ReuseStats>>;

/** Ports of the demo application: on its pods, and on its Service. */
export const POD_HTTP_PORT = 8080;
export const SERVICE_HTTP_PORT = 80;
export const ECHO_PORT = 9000;
/** Where the traffic client listens. */
export const CONTROL_PORT = 8081;

/** A datagram of this text is answered with the backend's name instead of being echoed. */
export const WHO = "who";
