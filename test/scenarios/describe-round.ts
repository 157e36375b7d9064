import type { Decision, Intent, NodeSpec } from "@hostrouting/rollout";
import type { ClusterDisruption } from "@hostrouting/domain";
import { describePatch } from "./describe-patch.ts";

/** The bundle that is asked for, unless it is the first one. */
const bundleOf = ({ mode, bundleDigest }: NodeSpec): string => (mode === "None" || bundleDigest === "digest" ? "" : ` by ${bundleDigest}`);

/** One line for what is done to a cluster, without the parts that only identify. */
function describeIntent(intent: Intent): string {
  switch (intent.kind) {
    case "EnsureBundle":
      return intent.bundle.digest === "digest" ? intent.kind : `${intent.kind} ${intent.bundle.digest}`;
    case "RemoveBundle":
      return intent.kind;
    case "ApplyPolicy":
      return "apply policy";
    case "RemovePolicy":
      return "remove policy";
    case "ApplyBirthTaint":
      return "taint nodes that join";
    case "RemoveBirthTaint":
      return "taint no more nodes that join";
    case "ApplyConfig":
      return `config ${intent.mode}`;
    case "WriteNodeSpec":
      return `${intent.node}: ask ${intent.spec.mode} g${intent.spec.generation}${bundleOf(intent.spec)}${intent.spec.confirmedGeneration > 0 ? " confirmed" : ""}${paceOf(intent.spec)}`;
    case "WriteNodeConfig":
      return `${intent.node}: node config ${intent.spec.mode} g${intent.spec.generation} instead of pod ${intent.replacesPod}`;
    case "DeleteNodeConfig":
      return `${intent.node}: delete node config`;
    case "DeleteNodeObject":
      return `${intent.node}: delete object`;
    case "RestartAgent":
      return `${intent.node}: restart agent`;
    case "EvictPods":
      return `${intent.node}: evict ${intent.pods.map((pod) => pod.name).join(", ")}`;
    case "PatchNode":
      return `${intent.node}: ${describePatch(intent)}`;
  }
}

function paceOf({ reportSeconds }: { readonly reportSeconds?: number | undefined }): string {
  return reportSeconds === undefined ? "" : `, reports every ${reportSeconds} s`;
}

/** A round in prose: where the operation and each node are, what is waited for, what is done. */
export function describeRound(decision: Decision): string {
  const { operation, status } = decision;
  const where = operation === undefined ? "no operation" : `${operation.phase} ${operation.percentComplete}%`;
  const degraded = status.conditions.find(({ type, status: holds }) => type === "Degraded" && holds === "True")?.reason;
  const why = degraded === "UnsupportedPool" ? ` ${degraded}` : "";
  const nodes = status.nodes.map((node) => `${node.name} ${node.phase}`).join(", ");
  // Other ends depend on when something began, which makes lines differ that say the same.
  const opens = (until: number | undefined): string => (until === undefined ? ", nobody knows until when" : ` until ${until / 1_000} s`);
  const waits = status.waits.map(({ subject, reason, until, message }) => {
    const more = reason === "MaintenanceWindowClosed" ? opens(until) : reason === "WebhookPending" ? `: ${message}` : "";
    return `${subject} waits ${reason}${more}`;
  });
  const analysis = (status.analysis?.nodes ?? []).map(({ name, state, comparedTo, metrics }) => {
    const told = metrics.filter(({ message }) => message !== "").map((metric) => `; ${metric.name} ${metric.outcome}: ${metric.message}`);
    const count = Math.max(0, ...metrics.map(({ measurements }) => measurements));
    return `${name} compared with ${comparedTo}: ${state} after ${count}${told.join("")}`;
  });
  const benefit = (status.analysis?.benefit ?? [])
    .filter(() => operation === undefined || operation.phase === "Succeeded")
    .map(
      ({ name, verdict, switchedSamples, comparedSamples }) => `${name} ${verdict} (${switchedSamples} samples against ${comparedSamples})`,
    );
  const warnings = status.warnings.map((warning) => `warning ${warning.id} (${warning.subjects.join(", ")}): ${warning.message}`);
  const intents = [
    ...decision.intents.map(describeIntent),
    ...(decision.azure === undefined
      ? []
      : [
          decision.azure.kind === "AbortAzure"
            ? "abort in Azure"
            : `put ${decision.azure.mode} in Azure over version ${decision.azure.etag}`,
        ]),
    ...(decision.beginsUpgrade ? ["begin an upgrade"] : []),
  ];
  const mismatch = status.conditions
    .filter(({ type, reason }) => type === "Degraded" && reason === "EffectiveModeMismatch")
    .map(({ reason, message }) => `degraded: ${reason} (${message})`);
  const counts = status.disruption;
  const isCounted = counts !== undefined && counts.expectedAtMost + counts.measuredNodes > 0;
  const expected = isCounted ? [describeDisruption(counts)] : [];
  const history = isCounted ? decision.history.filter(({ kind }) => HISTORY_OF_DISRUPTION.has(kind)).map(describeHistory) : [];
  const rest = operation?.control.rest === undefined ? [] : ["holds no place among operations"];
  const error = operation?.error === undefined ? [] : [`error ${operation.error.code} at ${operation.error.target}`];
  return [
    `${where} [${status.state}, ${status.health}${why}] ${nodes}`,
    ...[...mismatch, ...error, ...rest, ...analysis, ...benefit, ...expected, ...warnings, ...waits, ...history, ...intents].map(
      (line) => `    ${line}`,
    ),
  ].join("\n");
}

const HISTORY_OF_DISRUPTION: ReadonlySet<string> = new Set(["NodeDisruptionMeasured", "OperationDisruption", "NodeDisruptionExpected"]);

function describeDisruption({ nodes, unknownNodes, expectedAtMost, measuredNodes, reset, timeout }: ClusterDisruption): string {
  const measured = measuredNodes === 0 ? "" : `; ${measuredNodes} measured: ${reset} reset, ${timeout} timed out`;
  return `connections of ${nodes} nodes: at most ${expectedAtMost} may break${unknownNodes === 0 ? "" : ` (${unknownNodes} nodes unknown)`}${measured}`;
}

function describeHistory({ kind, data }: Decision["history"][number]): string {
  const { operationId: _id, attempt: _attempt, ...rest } = data;
  return `history ${kind}: ${Object.entries(rest)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ")}`;
}
