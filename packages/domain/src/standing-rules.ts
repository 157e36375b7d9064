import type { HostRoutingWarning } from "./host-routing-status.ts";

/** A node that must not be switched on: a rule that people may override fails for it, and no override is in force. */
export type NodeRefusal = {
  /** Its name; undefined where the rule is about the whole cluster, and then no node may be switched on. */
  readonly node: string | undefined;
  readonly ruleId: string;
  readonly message: string;
  /** Whether there was an override, which has ended. */
  readonly overrideEnded: boolean;
};

/** What those rules say that may be overridden. They are asked in every round, also after preflight: what an override allows ends with time. */
export type StandingRules = {
  readonly warnings: readonly HostRoutingWarning[];
  /** Ids of all warnings that are made here: those of rounds before are out of date. */
  readonly warningIds: readonly string[];
  readonly refusals: readonly NodeRefusal[];
};
