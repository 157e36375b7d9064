import type { People } from "../people.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { SimulatedWorld } from "../simulated-world.ts";
import type { Call } from "../wire.ts";

/** What an invariant may look at. */
export type Looked = { readonly world: SimulatedWorld; readonly people: People };

/** Something that always holds. Each member is called when what it looks at may have changed, and answers what is wrong, or nothing. */
export type Invariant = {
  /** Its number and sentence in the design's list. */
  readonly name: string;
  /** Something was written to the store. */
  storeChanged?(): string | undefined;
  /** Something happened in a cluster. */
  clusterChanged?(cluster: SimulatedCluster): string | undefined;
  /** A process makes a call. */
  issued?(call: Call): string | undefined;
  /** A call took effect. */
  effected?(call: Call, answer: unknown): string | undefined;
  /** Faults have ended, and there was time enough. */
  settled?(): string | undefined;
  /** Host routing was switched off everywhere after that. */
  switchedOff?(): string | undefined;
};
