import type { Family } from "./packet-rule.ts";

/**
 * What becomes of an owned rule's work: `none` is missed by nobody, `kept` goes on in the stack (the gate sends such packets there), `replaced`
 * is done by something else of ours, which knows no exceptions made by other rules.
 */
export type EffectWhenBypassed = "none" | "kept" | "replaced";

/**
 * A rule field by field. A field that is absent must be absent in the rule, so that nothing can be slipped in. Values are compared as written,
 * `! ` in front where negated, lists joined by commas.
 */
export interface RuleShape {
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: string;
  readonly sourcePorts?: string;
  readonly destinationPorts?: string;
  readonly comment?: string;
  /** Extensions beyond those of protocols, multiport and comment, sorted. */
  readonly matches?: readonly string[];
  /** All other options in their order: `--ctstate INVALID,NEW`. */
  readonly options?: readonly string[];
  /** ACCEPT, DROP, REJECT, RETURN, the name of a chain, or a target with its options: `MARK --set-xmark 0x1/0x1`. */
  readonly action: string;
}

/** One rule, or one kind of rule, that belongs to a part of the node. */
export interface AllowEntry {
  /** Kebab case, unique. */
  readonly id: string;
  readonly families: readonly Family[];
  readonly tables: readonly string[];
  /** The exact name of a chain, or an anchored pattern. */
  readonly chain: string;
  /** An anchored pattern over the whole rule as it is saved, or its fields. */
  readonly rule: string | RuleShape;
  /** An anchored pattern that every verdict of the rule fits, also those of the map that it asks: `^goto service-[a-z]{1,9}$`, `^DROP$`. */
  readonly leadsTo?: string;
  readonly owner: string;
  readonly why: string;
  readonly effectWhenBypassed: EffectWhenBypassed;
  /** Whether a node that has the owner always has the rule: its absence is reported. */
  readonly expected?: boolean;
  /** Whether a node that has the rule keeps it: once it was seen, its absence is reported, also where not every node has it. */
  readonly lasting?: boolean;
  /** Versions of node images that have the rule, both included: "202501.05.0". */
  readonly nodeImages?: { readonly from?: string; readonly to?: string };
  /** The day after which nothing supported writes the rule, YYYY-MM-DD. */
  readonly retireAfter?: string;
}

/** The document as it is shipped or configured. */
export interface AllowDocument {
  /** Grows with each change of the entries. */
  readonly version: number;
  readonly entries: readonly AllowEntry[];
}
