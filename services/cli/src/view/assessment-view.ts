import { namedAndMore, visibleText, type AssessmentReport, type Forecast, type RuleAnswer } from "@hostrouting/domain";

/** Names that fit a line; the whole report has all. */
const NAMES_SHOWN = 8;

const listed = (names: readonly string[]): string => namedAndMore(names.map(visibleText), { most: NAMES_SHOWN });

const minutes = (ms: number | undefined): string => (ms === undefined ? "not known" : `${Math.ceil(ms / 60_000)} min`);

function ruleLines({ id, title, severity, outcome, message, subjects, evidence, remedy }: RuleAnswer): readonly string[] {
  const about = subjects.length === 0 ? "" : ` (${listed(subjects)})`;
  const weight = severity === "Block" ? "" : ", does not block";
  return [
    `  ${id} ${title}: ${outcome.toLowerCase()}${weight}. ${visibleText(message)}${about}`,
    ...(evidence === "" ? [] : [`    Seen: ${visibleText(evidence)}`]),
    ...(remedy === "" ? [] : [`    ${remedy}`]),
  ];
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

/** One line for what is made, one for what is altered, one for what goes. */
function changeLines(changes: Forecast["changes"]): readonly string[] {
  const named = ({ kind, names }: Forecast["changes"][number]): string => (names.length === 1 ? kind : `${names.length} ${kind}`);
  return [...Map.groupBy(changes, ({ action }) => action)].map(([action, of]) => `  ${action}: ${of.map(named).join(", ")}`);
}

function forecastLines(forecast: Forecast): readonly string[] {
  const { outcome, because = "", batches, leftOut, duration, holds, disruption, blockedBudgets, changes, usage, windows } = forecast;
  const breaking = disruption.expectedAtMost === undefined ? "not known" : `at most ${disruption.expectedAtMost}`;
  const unknown = disruption.unknownNodes === 0 ? "" : `, not counted on ${count(disruption.unknownNodes, "node")}`;
  const cost = usage.costPerDay === undefined ? "" : `, ${usage.costPerDay.amount} ${usage.costPerDay.currency}`;
  return [
    `Outcome: ${outcome}${because === "" ? "" : `. ${visibleText(because)}`}`,
    ...batches.map(({ name, nodes, atOnce }) => `  ${name}: ${count(nodes.length, "node")}, ${atOnce} at once: ${listed(nodes)}`),
    ...(leftOut.length === 0 ? [] : [`  left out: ${listed(leftOut.map(({ node, reason }) => `${node} (${reason})`))}`]),
    `Duration: ${minutes(duration.bestMs)} at best, ${minutes(duration.worstMs)} at worst${duration.mayTimeOut ? ", which is longer than the policy allows" : ""}`,
    ...holds
      .slice(0, NAMES_SHOWN)
      .map(({ reason, subject, message }) => `Held by ${reason} (${visibleText(subject)}): ${visibleText(message)}`),
    ...(windows.fits ? [] : ["Maintenance windows: one node may take longer than the longest window"]),
    ...(blockedBudgets.names.length === 0 ? [] : [`Budgets that let nobody leave: ${listed(blockedBudgets.names)}`]),
    `Connections that may break: ${breaking}${unknown}`,
    ...(changes.length === 0 ? ["Objects that change: none"] : ["Objects that change:", ...changeLines(changes)]),
    `Node-hours per day: ${usage.nodeHoursPerDay}${cost}`,
  ];
}

/** A report in short, for a terminal; what is somebody else's text is shown with its controls visible. */
export function assessmentLines({ verdict, rules, nodeCount, reportingNodes, forecast }: AssessmentReport): readonly string[] {
  const told = rules.filter(({ outcome }) => outcome !== "Passed" && outcome !== "Skipped");
  const passed = rules.filter(({ outcome }) => outcome === "Passed").length;
  const unasked = rules.filter(({ needsAgent }) => needsAgent).length;
  const isAsked = rules.some(({ outcome, needsAgent }) => outcome !== "Skipped" || needsAgent);
  const agents = `agents, which report from ${reportingNodes} of ${nodeCount} nodes.`;
  return [
    `Preflight: ${verdict}. ${!isAsked ? "No rule is asked" : `${count(passed, "rule")} passed`}${unasked === 0 ? "." : `; ${unasked} can only be answered by ${agents}`}`,
    ...told.flatMap(ruleLines),
    ...(forecast === undefined ? [] : forecastLines(forecast)),
  ];
}
