import type { Instant } from "./brand.ts";

/**
 * What becomes of a managed network policy that is not as it should be. `Correct`: put right, at most five times in ten minutes. `Warn`: made once,
 * then only watched. `Off`: neither made nor watched.
 */
export type PolicyMode = "Correct" | "Warn" | "Off";

/**
 * How a managed network policy is. `NotManaged`: the mode is `Off`, or host routing is. `Pending`: to be made. `Drifted`: somebody has changed or deleted
 * it. `Contested`: changed again and again, and left alone for a while. `Foreign`: an object of its name is somebody else's. `Unsupported`: the
 * cluster knows no such policies. `Refused`: Cilium does not take it. `Unknown`: it could not be read.
 */
export type PolicyState = "NotManaged" | "Pending" | "InSync" | "Drifted" | "Contested" | "Foreign" | "Unsupported" | "Refused" | "Unknown";

/** One difference between a managed policy as it should be and as it was found. Somebody else's words are visible text. */
export type PolicyDrift = {
  /** JSON Pointer (RFC 6901) into the object; empty for the object as a whole. */
  readonly path: string;
  /** JSON, shortened; undefined where nothing should be. */
  readonly desired: string | undefined;
  /** JSON, shortened; undefined where nothing is. */
  readonly observed: string | undefined;
  /** Field manager that wrote it last; undefined where the object does not tell, as when a field or the object was deleted. */
  readonly manager: string | undefined;
  readonly firstSeen: Instant;
  /** When it was as it should be again; undefined while it is not. */
  readonly correctedAt: Instant | undefined;
};

/** A managed network policy as the worker saw it last. */
export type ManagedPolicyStatus = {
  readonly name: string;
  readonly mode: PolicyMode;
  readonly state: PolicyState;
  /** What there is to say about the state; empty when all is well. */
  readonly message: string;
  /** Whether it was there and ours at some time since host routing was asked for: then its absence is a deletion. */
  readonly wasThere: boolean;
  /** Open ones first, then those of the last day that were put right, newest first; at most 48. */
  readonly drift: readonly PolicyDrift[];
};
