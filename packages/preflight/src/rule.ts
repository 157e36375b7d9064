import type { Driver } from "@hostrouting/domain";
import type { ClusterFacts } from "./facts.ts";

/** `Block`: the operation may not go on. `Warn`: it goes on and the finding is shown. `Info`: the same, and nothing need be done. */
export type Severity = "Block" | "Warn" | "Info";

/** What a rule found. Made by the four constructors below only; `unknown` is never read as "passed". */
export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "skipped"; readonly because: string; readonly needsAgent?: boolean }
  | { readonly kind: "failed"; readonly message: string; readonly subjects: readonly string[]; readonly evidence: string }
  | { readonly kind: "unknown"; readonly because: string };

/** A rule of the preflight catalogue. Rules are pure, look at facts only, and never stop one another from running. */
export type Rule = {
  /** `PF-` and three digits; never reused. */
  readonly id: string;
  readonly title: string;
  readonly severity: (facts: ClusterFacts) => Severity;
  /** Drivers to which it applies; for the others it is skipped. */
  readonly drivers: readonly Driver[];
  /** What a person can do about a failure. */
  readonly remedy: string;
  /**
   * People may let the rule fail for a while, with a reason (`rolloutPolicy.preflightOverrides`); absent where a failure would break the cluster.
   * `Standing`: it is asked in every round, and from the override's end on it refuses nodes. `AtPreflight`: later the engine itself minds it.
   */
  readonly overridable?: "Standing" | "AtPreflight";
  readonly check: (facts: ClusterFacts) => Outcome;
};

/** Every driver; for rules that do not care how nodes are switched. */
export const anyDriver: readonly Driver[] = ["bundle", "cilium", "aks-arm"];
/** For rules whose severity does not depend on the facts. */
export const blocks = (): Severity => "Block";
export const warns = (): Severity => "Warn";
export const informs = (): Severity => "Info";

/** The rule holds. */
export const passed = (): Outcome => ({ kind: "passed" });
/** The rule does not apply here. */
export const skipped = (because: string): Outcome => ({ kind: "skipped", because });
/** Only the bundle's agents can tell, and none has yet. While host routing is being switched on they are there before the rule decides anything. */
export const needsAgent = (because: string): Outcome => ({ kind: "skipped", because, needsAgent: true });
/** The rule is broken by `subjects` (pools, nodes, verbs); `evidence` is what was read. */
export const failed = (message: string, subjects: readonly string[], evidence: string): Outcome => ({
  kind: "failed",
  message,
  subjects,
  evidence,
});
/** The facts do not tell. */
export const unknown = (because: string): Outcome => ({ kind: "unknown", because });
