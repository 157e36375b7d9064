import type { HostRoutingWarning, Instant } from "@hostrouting/domain";
import type { NodeReport, ReportedCondition } from "./snapshot.ts";

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
    .map(([text, group]) => `${namedNodes(group.map(({ name }) => name))}: ${text}`)
    .join(" ")
    .slice(0, MESSAGE_CHARACTERS_MAX);
}

function namedNodes(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

type Kind = {
  readonly id: string;
  readonly title: string;
  readonly remedy: string;
  /** Whether a condition is what this warning is about. */
  readonly is: (condition: ReportedCondition) => boolean;
};

/** What the guard's and the monitor's conditions warn of: one entry for each thing that somebody can do something about. */
const KINDS: readonly Kind[] = [
  {
    id: "guard-tampered",
    title: "Somebody removed the guard's pins",
    remedy: "Find out which pod or person has access to /sys/fs/bpf of these nodes; the guard went on and made its pins again.",
    is: ({ type, status }) => type === "BlockerTampered" && status === "True",
  },
  {
    id: "guard-break-glass",
    title: "The guard lets everything through for a time",
    remedy:
      "Nothing is to be done if that is wanted: it ends by itself. To end it now, remove spec.guard.auditUntil of HostRoutingConfig/default.",
    is: ({ type, reason }) => type === "GuardActive" && reason === "BreakGlass",
  },
  {
    id: "guard-not-refusing",
    title: "Packet filter rules are not refused",
    remedy:
      "Use a node image whose kernel has `bpf` in its list of security modules or allows fmod_ret; until then the Events AuditedIPTablesRule say who writes some, and UnexpectedIPTablesRules which are there.",
    is: ({ type, status, reason }) =>
      type === "GuardActive" && status !== "True" && ["Audit", "TrialFailed", "TrialUnknown", "Fault"].includes(reason),
  },
  {
    id: "rules-passed-by",
    title: "Pods' packets pass packet filter rules by",
    remedy: "Say the same with a network policy where it is needed, then remove the rules with the commands that the node's findings name.",
    is: ({ type, status }) => type === "RulesClean" && status === "False",
  },
  {
    id: "default-rules-missing",
    title: "Packet filter rules that AKS writes are gone or altered",
    remedy:
      "Find out who took them away (Events of these nodes, the audit log), and reimage the nodes. While host routing is on, its network policy keeps pods from the wireserver and the metadata service; once it is off, these rules alone do.",
    is: ({ type, status }) => type === "DefaultRulesPresent" && status === "False",
  },
  {
    id: "node-image-unknown",
    title: "The nodes' image is not known",
    remedy:
      "Upgrade the node image, or ask for a newer version of host routing: rules of every known image count as the nodes' own until then.",
    is: ({ type, reason }) => type === "DefaultRulesPresent" && reason === "ImageUnknown",
  },
  {
    id: "policy-not-enforced",
    title: "Pods reach what a network policy denies, or the agent cannot deny it",
    remedy:
      "Look at `status.policy` and `status.probes` of these nodes' HostRoutingNodes; until it is mended, switch host routing off (`hostrouting disable`), and the nodes' own rules deny again.",
    is: ({ type, status }) => type === "PolicyReconciled" && status === "False",
  },
];

/** Warnings of nodes on which host routing is on: one for each thing, with all nodes concerned. Pure. */
export function conditionWarnings(nodes: readonly ReportingNode[]): HostRoutingWarning[] {
  return KINDS.flatMap(({ id, title, remedy, is }) => {
    const those = nodes.flatMap(({ name, report }): Said[] => {
      const found = report?.conditions?.find(is);
      return found ? [{ ...found, name }] : [];
    });
    return those.length === 0 ? [] : [{ id, title, remedy, message: namedMessage(those), subjects: those.map(({ name }) => name) }];
  });
}

/** Whether a warning is one of these: they are derived anew in each round. */
export function isConditionWarning({ id }: Pick<HostRoutingWarning, "id">): boolean {
  return KINDS.some((kind) => kind.id === id);
}
