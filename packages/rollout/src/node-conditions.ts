import { namedAndMore, type HostRoutingWarning, type Instant } from "@hostrouting/domain";
import type { NodeReport, ReportedCondition } from "./snapshot.ts";
import { catalogued, type WarningCode } from "./warning-catalogue.ts";

/** Conditions of nodes that the cluster has as well, in this order. Each is good when it is True. */
export const SHARED_CONDITIONS = ["GuardActive", "RulesClean", "MasqueradeConfigInSync"] as const;

/** Nodes that a message or a warning names; the rest is counted. */
const NAMED_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 2048;

/**
 * A node on which host routing is, or is being brought, and what its agent reports; undefined: nothing that counts. `heardAt`: when a report of it
 * last came, absent if none ever did. `isSilent`: that is longer ago than agents ever keep silent.
 */
export type ReportingNode = {
  readonly name: string;
  readonly report: Pick<NodeReport, "conditions"> | undefined;
  readonly heardAt?: Instant | undefined;
  readonly isSilent?: boolean;
};

/** A cluster's condition over all of its nodes. */
export type SharedCondition<Type extends string = (typeof SHARED_CONDITIONS)[number]> = Omit<ReportedCondition, "type"> & {
  readonly type: Type;
};

/** What all nodes' conditions are together; a condition that no agent knows of is left out. Pure. */
export function sharedConditions(nodes: readonly ReportingNode[]): SharedCondition[] {
  return SHARED_CONDITIONS.flatMap((type) => conditionOverNodes(type, nodes) ?? []);
}

/**
 * True when every node says so; False as soon as one does, with that node's reason; else Unknown. Undefined when no agent knows of it. Of an agent
 * that has fallen silent only what it found wrong still counts: what was well may have changed since. Pure.
 */
export function conditionOverNodes<Type extends string>(type: Type, nodes: readonly ReportingNode[]): SharedCondition<Type> | undefined {
  const known = nodes.some(({ report }) => report?.conditions?.some((condition) => condition.type === type));
  return known ? askedOverNodes(type, nodes) : undefined;
}

/** As `conditionOverNodes`, of a condition that every agent has to know of: one that says nothing of it makes it Unknown. Pure. */
export function askedOverNodes<Type extends string>(type: Type, nodes: readonly ReportingNode[]): SharedCondition<Type> {
  const said = nodes.map((node) => saidOf(type, node));
  for (const status of ["False", "Unknown"] as const) {
    const those = said.filter((one) => one.status === status);
    const [first] = those;
    if (first !== undefined) return { type, status, reason: first.reason, message: namedMessage(those) };
  }
  return { type, status: "True", reason: said[0]?.reason ?? "", message: "" };
}

/** What a node says of a condition. `name` is the node's, as it is to be shown. */
type Said = Omit<ReportedCondition, "type"> & { readonly name: string };

const NOT_REPORTED = { status: "Unknown", reason: "NotReported" } as const;

function saidOf(type: string, { name, report, heardAt, isSilent = false }: ReportingNode): Said {
  const found = report?.conditions?.find((condition) => condition.type === type);
  if (found !== undefined && (!isSilent || found.status === "False")) return { ...found, name };
  if (report !== undefined && !isSilent) return { ...NOT_REPORTED, name, message: "The agent has not said yet." };
  const since = heardAt === undefined ? "never" : `not since ${new Date(heardAt).toISOString()}`;
  return { ...NOT_REPORTED, name: `${name} (${since})`, message: "The agent does not report." };
}

/** Nodes that say the same are named together. */
function namedMessage(those: readonly Said[]): string {
  const byText = Map.groupBy(those, ({ message }) => message);
  return [...byText]
    .map(([text, group]) => {
      const names = group.map(({ name }) => name);
      return `${namedAndMore(names, { most: NAMED_MAX })}: ${text}`;
    })
    .join(" ")
    .slice(0, MESSAGE_CHARACTERS_MAX);
}

/** Whether a condition is what a warning is about. */
type Matches = (condition: ReportedCondition) => boolean;

/** What nodes' conditions warn of: one entry for each thing that somebody can do something about. */
const CONDITIONS: readonly (readonly [code: WarningCode, is: Matches])[] = [
  ["guard-tampered", ({ type, status }) => type === "BlockerTampered" && status === "True"],
  ["guard-break-glass", ({ type, reason }) => type === "GuardActive" && reason === "BreakGlass"],
  [
    "guard-not-refusing",
    ({ type, status, reason }) =>
      type === "GuardActive" && status !== "True" && ["Audit", "TrialFailed", "TrialUnknown", "Fault"].includes(reason),
  ],
  ["rules-passed-by", ({ type, status }) => type === "RulesClean" && status === "False"],
  ["rules-unknown", ({ type, status }) => type === "RulesClean" && status === "Unknown"],
  ["default-rules-missing", ({ type, status }) => type === "DefaultRulesPresent" && status === "False"],
  ["node-image-unknown", ({ type, reason }) => type === "DefaultRulesPresent" && reason === "ImageUnknown"],
  ["masquerade-config-invalid", ({ type, status }) => type === "MasqueradeConfigInSync" && status === "False"],
  ["policy-not-enforced", ({ type, status }) => type === "PolicyReconciled" && status === "False"],
];

/** Warnings of nodes on which host routing is on: one for each thing, with all nodes concerned. Pure. */
export function conditionWarnings(nodes: readonly ReportingNode[]): HostRoutingWarning[] {
  return CONDITIONS.flatMap(([code, is]) => {
    const those = nodes.flatMap(({ name, report }): Said[] => {
      const found = report?.conditions?.find(is);
      return found ? [{ ...found, name }] : [];
    });
    if (those.length === 0) return [];
    return [catalogued(code, { message: namedMessage(those), subjects: those.map(({ name }) => name) })];
  });
}
