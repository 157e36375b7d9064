import type { ArmComponents } from "@hostrouting/contracts";
import { namedAndMore, visibleText } from "@hostrouting/domain";
import { nodeProgress, progressBar } from "./node-progress.ts";

type Schemas = ArmComponents["schemas"];

/** What the command shows: the cluster's host routing and its nodes, as the API gave them. */
export type HostRoutingPicture = { readonly hostRouting: Schemas["HostRouting"]; readonly nodes: readonly Schemas["HostRoutingNode"][] };

const BAR_WIDTH = 20;
const REASONS_SHOWN = 3;
const REFUSALS_SHOWN = 5;
const DRIFT_SHOWN = 6;
const NAMES_SHOWN = 8;
const TERMINAL = new Set(["Succeeded", "Failed", "Canceled"]);

/** The operation that is under way; nothing when all is settled. */
export function runningOperation(picture: HostRoutingPicture): Schemas["HostRoutingOperation"] | undefined {
  const { operation } = picture.hostRouting.properties;
  return operation === undefined || TERMINAL.has(operation.phase) ? undefined : operation;
}

/** The lines of a table view; `now` in milliseconds since 1970 tells how long things wait. No line depends on the terminal. */
export function hostRoutingLines(picture: HostRoutingPicture, cluster: string, now: number): string[] {
  const { properties } = picture.hostRouting;
  return [
    `${cluster}: ${properties.state}, ${properties.health}; desired ${properties.desiredMode}, effective ${properties.effectiveMode} (driver ${properties.driver})`,
    ...degradedLines(properties.conditions),
    ...operationLines(properties.operation),
    ...disruptionLines(properties.disruption, picture.nodes, properties.operation),
    ...columns(picture.nodes.map((node) => nodeCells(node, properties.desiredMode === "BpfVeth" ? "BpfVeth" : "None"))),
    ...picture.nodes.flatMap(stackLines),
    ...picture.nodes.flatMap(ruleLines),
    ...policyLines(properties.policy, now),
    ...analysisLines(properties.analysis),
    ...alike(properties.waits, ({ reason, message, remedy }) => [reason, message, remedy]).flatMap((waits) => waitLines(waits, now)),
    ...properties.warnings.flatMap((warning) => warningLines(warning, now)),
  ];
}

/** Why health is what it is, also while it shows a pause. */
function degradedLines(conditions: Schemas["HostRouting"]["properties"]["conditions"]): string[] {
  return conditions
    .filter(({ type, status }) => type === "Degraded" && status === "True")
    .map(({ reason, message }) => `degraded: ${reason}${message === "" ? "" : `: ${message}`}`);
}

function operationLines(operation: Schemas["HostRoutingOperation"] | undefined): string[] {
  if (operation === undefined) return [];
  const head = `${operation.kind} ${operation.phase} ${operation.percentComplete} %`;
  return operation.error === undefined ? [head] : [head, ...errorLines(operation.error)];
}

/** What may break, and what broke: of all nodes, and of each that has something to say. */
function disruptionLines(
  sum: Schemas["HostRoutingDisruption"] | undefined,
  nodes: HostRoutingPicture["nodes"],
  operation: Schemas["HostRoutingOperation"] | undefined,
): string[] {
  if (sum === undefined) return [];
  const isOver = operation !== undefined && TERMINAL.has(operation.phase);
  const may = isOver ? "could" : "may";
  const isKnown = sum.unknownNodes < sum.nodes || sum.nodes === 0;
  const expected = isKnown ? `at most ${sum.expectedAtMost} ${may} break` : `how many ${may} break is not known`;
  const unknown = sum.unknownNodes === 0 || !isKnown ? "" : `, not counted on ${sum.unknownNodes}`;
  const measured = sum.measuredNodes === 0 ? "" : `; measured on ${sum.measuredNodes}: ${sum.reset} reset, ${sum.timeout} timed out`;
  return [
    `connections of ${sum.nodes} nodes: ${expected}${unknown}${measured}`,
    ...nodes.flatMap(({ name, properties: { disruption } }) => {
      if (disruption === undefined) return [];
      const { expectedAtMost, measured: broke } = disruption;
      const isQuiet = (expectedAtMost ?? 0) === 0 && (broke?.reset ?? 0) + (broke?.timeout ?? 0) === 0;
      if (isQuiet) return [];
      const expected = expectedAtMost === undefined ? "expected unknown" : `expected at most ${expectedAtMost}`;
      const counted = broke === undefined ? "" : `, measured ${broke.reset + broke.timeout}${broke.isFinal ? "" : " so far"}`;
      return [`  ${name}: ${expected}${counted}`];
    }),
  ];
}

/** What a rule of preflight that failed had seen, where its message does not say it already: of one node ("n1: …") it often does. */
function evidenceOf({ message, additionalInfo = [] }: Schemas["ErrorDetail"]): readonly string[] {
  const found = additionalInfo.filter(({ type }) => type === "PreflightFinding").map(({ info }): unknown => info?.["evidence"]);
  return found.filter(
    (evidence): evidence is string => typeof evidence === "string" && !message.includes(evidence.replace(/^[^\s:]+: /, "")),
  );
}

/** An ARM error with one line per detail, each with what was seen where that is known. */
export function errorLines(error: Schemas["ErrorDetail"]): string[] {
  const target = error.target === undefined ? "" : ` [${error.target}]`;
  return [
    `  ${error.code}${target}: ${error.message}`,
    ...evidenceOf(error).map((evidence) => `    seen: ${visibleText(evidence)}`),
    ...(error.details ?? []).flatMap((detail) => errorLines(detail).map((line) => `  ${line}`)),
  ];
}

function nodeCells({ name, properties }: Schemas["HostRoutingNode"], desired: "BpfVeth" | "None"): string[] {
  const share = properties.fastShare === undefined ? "" : `${Math.floor(properties.fastShare * 1000) / 10} % fast`;
  const reason = properties.reason === "" ? properties.effectiveMode : `${properties.effectiveMode} (${properties.reason})`;
  return [name, properties.pool, progressBar(nodeProgress(desired, properties.phase), BAR_WIDTH), properties.phase, reason, share];
}

/** What of a node's traffic stays on the kernel's ordinary path, and which pods are kept there: reasons with the most packets first. */
function stackLines({ name, properties }: Schemas["HostRoutingNode"]): string[] {
  if (properties.effectiveMode !== "BpfVeth") return [];
  const reasons = properties.stackReasons.slice(0, REASONS_SHOWN).map(({ reason, packets }) => `${reason} ${packets}`);
  const pods = properties.refusals.slice(0, REFUSALS_SHOWN).map(({ device, pod, reason }) => `${pod ?? device} (${reason})`);
  return [
    ...(reasons.length === 0 ? [] : [`${name} on the stack, packets: ${reasons.join(", ")}`]),
    ...(pods.length === 0 ? [] : [`${name} pods on the stack: ${namedAndMore(pods, { count: properties.refusedDevices })}`]),
  ];
}

/** Whether somebody's rules keep the node off, or would be passed by. */
function ruleLines({ name, properties: { rules } }: Schemas["HostRoutingNode"]): string[] {
  if (rules === undefined || rules.state === "Clean") return [];
  const what = rules.state === "Dirty" ? "rules that host routing would pass by" : "rules that cannot all be judged";
  return [`${name}: ${what}: ${rules.findings}, digest ${rules.digest}; "hostrouting findings --node ${name}" names them`];
}

/** How switched nodes do against others: each node, what did not do well there, and what the switch brought. What is alike is said once. */
function analysisLines(analysis: Schemas["HostRoutingAnalysis"] | undefined): string[] {
  if (analysis === undefined) return [];
  const compared = analysis.nodes.map((node) => ({ name: node.name, lines: comparedLines(node) }));
  return [
    ...alike(compared, ({ lines }) => lines).flatMap((nodes) => {
      const [head, ...more] = nodes[0].lines;
      return [`${named(nodes.map(({ name }) => name))} ${head ?? ""}`, ...more];
    }),
    ...alike(analysis.benefit, benefitText).map((figures) => `${figures.map(({ name }) => name).join(", ")}: ${benefitText(figures[0])}`),
  ];
}

function comparedLines({ state, comparedTo, metrics, notMeasured }: Schemas["HostRoutingAnalysis"]["nodes"][number]): string[] {
  const count = Math.max(0, ...metrics.map(({ measurements }) => measurements));
  const told = alike(
    metrics.filter(({ message }) => message !== ""),
    ({ outcome, message }) => [outcome, message],
  );
  return [
    `compared with ${COMPARED_TO[comparedTo] ?? comparedTo}: ${state}, ${count} measurements`,
    ...told.map((same) => `  ${same.map(({ name }) => name).join(", ")} ${same[0].outcome}: ${visibleText(same[0].message)}`),
    ...(notMeasured.length === 0 ? [] : [`  not measured: ${notMeasured.join(", ")}`]),
  ];
}

const COMPARED_TO: Readonly<Record<string, string>> = { Control: "other nodes", Before: "itself before", Nothing: "nothing" };

/** Shares are shown in points of a percent, other figures as they are. */
function benefitText({ unit, verdict, switchedSamples, comparedSamples, difference, low, high }: Schemas["BenefitFigure"]): string {
  const isShare = unit.startsWith("share");
  const shown = (value: number): number => Math.round(value * (isShare ? 10_000 : 100)) / 100;
  const interval =
    difference === undefined || low === undefined || high === undefined
      ? ""
      : `, ${shown(difference)} ${isShare ? "points" : unit} (95 %: ${shown(low)} to ${shown(high)})`;
  return `${verdict}${interval}, ${switchedSamples} samples against ${comparedSamples}`;
}

/** The network policy that stands for the nodes' rules: how it is, and who changed what within the last day. */
function policyLines({ name, mode, state, message, drift }: Schemas["HostRoutingPolicyState"], now: number): string[] {
  if (state === "NotManaged" && drift.length === 0) return [];
  const said = message === "" ? "" : `: ${message}`;
  const more = drift.length - DRIFT_SHOWN;
  return [
    `policy ${name}: ${state} (${mode})${said}`,
    ...drift.slice(0, DRIFT_SHOWN).map((one) => `  ${driftLine(one, now)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function driftLine({ path, desired, observed, manager, firstSeen, correctedAt }: Schemas["HostRoutingPolicyDrift"], now: number): string {
  const what =
    path === ""
      ? "deleted"
      : `${path} was ${observed ?? "taken away"}${desired === undefined ? ", which was added" : ` instead of ${desired}`}`;
  const who = manager === undefined ? "" : ` by ${manager}`;
  const ago = (time: string): string => `${Math.max(0, Math.round((now - Date.parse(time)) / 1000))} s ago`;
  const until = correctedAt === undefined ? `, seen ${ago(firstSeen)}` : `, put right ${ago(correctedAt)}`;
  return `${what}${who}${until}`;
}

/** Waits of the same kind are one line: for whom, since the first of them, until the last. */
function waitLines(waits: readonly [Schemas["HostRoutingWait"], ...Schemas["HostRoutingWait"][]], now: number): string[] {
  const [{ reason, message, remedy }] = waits;
  const forSeconds = Math.max(0, ...waits.map(({ since }) => Math.round((now - Date.parse(since)) / 1000)));
  const ends = waits.map(({ until }) => (until === undefined ? Infinity : Math.round((Date.parse(until) - now) / 1000)));
  const end = Math.max(0, ...ends);
  const left = end === Infinity ? "" : `, at most ${end} s more`;
  const subjects = named(waits.map(({ subject }) => subject));
  return [`waiting ${forSeconds} s${left}: ${subjects}: ${reason}: ${message}`, ...(remedy === "" ? [] : [`  → ${remedy}`])];
}

function named(names: readonly string[]): string {
  return namedAndMore(names, { most: NAMES_SHOWN });
}

/** Those that say the same, together, in the order of the first of each. */
function alike<T>(items: readonly T[], said: (item: T) => unknown): (readonly [T, ...T[]])[] {
  return [...Map.groupBy(items, (item) => JSON.stringify(said(item))).values()] as [T, ...T[]][];
}

function warningLines(warning: Schemas["HostRoutingWarning"], now: number): string[] {
  const { id, title, severity = "Warning", message, impact = "", impactNumber, impactUnit = "", evidence = "", remedy, override } = warning;
  return [
    `${severity.toLowerCase()} ${id}: ${title}: ${message}`,
    ...(impact === "" ? [] : [impactNumber === undefined ? `  ${impact}` : `  ${impact} (${impactNumber} ${impactUnit})`]),
    ...(evidence === "" ? [] : [`  seen: ${visibleText(evidence)}`]),
    ...(override === undefined ? [] : [overrideLine(override, now)]),
    ...(remedy === "" ? [] : [`  → ${remedy}`]),
  ];
}

/** Until when the rule may fail, and why; the reason is somebody's own text. */
function overrideLine({ reason, expiresAt }: Schemas["HostRoutingWarningOverride"], now: number): string {
  return `  ${Date.parse(expiresAt) > now ? "overridden until" : "was overridden until"} ${expiresAt}: ${visibleText(reason)}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
