/** What became of one rule that was to be removed. `rule`: where it stands and what it says, controls visible. */
export type RemovedRule = {
  readonly rule: string;
  readonly outcome: "Removed" | "Failed" | "NoCommand" | "OutOfTime";
  /** Why not; empty when it was removed. */
  readonly why: string;
};

/** Rules of a node as a scan sees them. `digest` is the same as long as the same rules offend. */
export type ScannedRules = { readonly state: "Clean" | "Dirty" | "Unknown"; readonly digest: string };

/**
 * What a node answers when it is asked to remove the rules of one scan. Refused: the rules are others than those of the digest that was given, and
 * none was touched. `now`: what a scan says behind it.
 */
export type RuleRemoval =
  | { readonly outcome: "Refused"; readonly now: ScannedRules }
  | { readonly outcome: "Done"; readonly rules: readonly RemovedRule[]; readonly now: ScannedRules };
