import type { ClusterId } from "@hostrouting/domain";

/** The port. Neither side may put a decision into a ring. */
export type Doorbell = {
  /** Rings; never throws: a bell that is out of order costs latency only. */
  ring(clusterId: ClusterId): Promise<void>;
  /** Hears rings until closed. */
  hear(listener: (clusterId: ClusterId) => void): Promise<void>;
  close(): Promise<void>;
};
