import type { HostRoutingWarning } from "@hostrouting/domain";
import type { CanaryFigures, DisruptionFigures, NodeReport } from "./snapshot.ts";
import { catalogued } from "./warning-catalogue.ts";

/** TCP sends again within a second, and nobody notices; silence that is longer is noticed. */
const CANARY_SILENT_MS = 1000;
/** Connections end by a reset on every node now and then; fewer than this many more say nothing about a switch. */
const ALWAYS_TOLERATED = 3;
const USUAL_FACTOR = 3;
/** A switch is watched for so long after its last step; its earlier steps take a few seconds. */
const WATCHED_SECONDS = 60;
/** Nodes that are warned of at once: the most disturbed ones. */
const NODES_MAX = 20;

const AFTER: Readonly<Record<DisruptionFigures["step"], string>> = {
  On: "host routing was switched on",
  Confirm: "host routing was switched on and confirmed",
  Drain: "host routing began to drain",
  Detach: "host routing was drained and detached",
};

/** How many disrupted connections are still usual on a node: three, or three times as many as in the same time before the switch. */
export function toleratedDisruptions({ before, watchedSeconds }: Pick<DisruptionFigures, "before" | "watchedSeconds">): number {
  if (before.seconds === 0) return ALWAYS_TOLERATED;
  const usual = (before.disrupted / before.seconds) * Math.min(WATCHED_SECONDS, watchedSeconds);
  return Math.max(ALWAYS_TOLERATED, USUAL_FACTOR * usual);
}

/** A warning about a node on whose last switch more connections ended than is usual there; nothing when all is as ever. */
export function disruptionWarning(node: string, report: Pick<NodeReport, "disruption"> | undefined): HostRoutingWarning | undefined {
  const figures = report?.disruption;
  if (figures === undefined || figures.disrupted <= toleratedDisruptions(figures)) return undefined;
  const { reset, timeout, connectFailure } = figures.byReason;
  const pods = figures.byPod.length > 0 ? ` Most disturbed: ${figures.byPod.join(", ")}.` : "";
  return catalogued("connection-disruption", {
    message:
      `On ${node}, ${figures.disrupted} of ${figures.flowsAtSwitch} TCP connections broke when ${AFTER[figures.step]} ` +
      `(${reset} reset, ${timeout} timed out; ${connectFailure} new ones failed). ` +
      `Usual there: ${figures.before.disrupted} in ${figures.before.seconds} s.${pods}`,
    subjects: [node],
    impactNumber: figures.disrupted,
  });
}

/** A warning about a node whose canary flows broke or fell silent during its last switch: pods' flows on the same paths did as well. */
export function canaryWarning(node: string, report: Pick<NodeReport, "canaries"> | undefined): HostRoutingWarning | undefined {
  const disturbed = (report?.canaries ?? []).filter(({ longestSilenceMs, failed }) => failed || longestSilenceMs > CANARY_SILENT_MS);
  if (disturbed.length === 0) return undefined;
  return catalogued("canary-silence", {
    message: `On ${node}, flows of the agent's own were disturbed by the last switch: ${disturbed.map(describeCanary).join(", ")}.`,
    subjects: [node],
    impactNumber: disturbed.length,
  });
}

function describeCanary({ name, longestSilenceMs, failed }: CanaryFigures): string {
  return failed ? `${name} broke` : `${name} was silent for ${(longestSilenceMs / 1000).toFixed(1)} s`;
}

type NodeFigures = { readonly name: string; readonly report: Pick<NodeReport, "disruption" | "canaries"> | undefined };

/** The warnings about all nodes of a cluster, most disrupted first, twenty of each kind at most. */
export function disruptionWarnings(nodes: readonly NodeFigures[]): readonly HostRoutingWarning[] {
  const disruptedOn = ({ report }: NodeFigures): number => report?.disruption?.disrupted ?? 0;
  const sorted = nodes.toSorted((a, b) => disruptedOn(b) - disruptedOn(a) || a.name.localeCompare(b.name));
  const ofConnections = sorted.flatMap(({ name, report }) => disruptionWarning(name, report) ?? []);
  const ofCanaries = sorted.flatMap(({ name, report }) => canaryWarning(name, report) ?? []);
  return [...ofConnections.slice(0, NODES_MAX), ...ofCanaries.slice(0, NODES_MAX)];
}
