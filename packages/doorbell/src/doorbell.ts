import type { ClusterId } from "@hostrouting/domain";

/** What became of a ring that was heard. `HeldElsewhere`: another process holds the cluster, so that a bell which can tries another one. */
export type Answer = "Looked" | "HeldElsewhere";

/** Whether the bell works at all. `Away`: what carries it does not answer. `Refused`: it must not be used as it is set up; the log says why. */
export type DoorbellState = "Working" | "Away" | "Refused";

/** Counted since the process began. */
export type DoorbellFigures = { readonly state: DoorbellState; readonly sent: number; readonly failed: number; readonly heard: number };

/** The port. Neither side may put a decision into a ring. */
export type Doorbell = {
  /** Rings; never throws and comes back within about a second: a bell that is out of order costs latency only. */
  ring(clusterId: ClusterId): Promise<void>;
  /** Hears rings until closed. The listener answers once it has looked; it never throws. */
  hear(listener: (clusterId: ClusterId) => Promise<Answer>): Promise<void>;
  figures(): DoorbellFigures;
  close(): Promise<void>;
};
