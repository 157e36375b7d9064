import { flowEndText, reasonText, type FlowTrace, type TracedDirection, type UnseenDirection, type ReasonText } from "@hostrouting/domain";

const LABEL_WIDTH = 12;

const UNSEEN: Readonly<Record<UnseenDirection["unseen"], ReasonText>> = {
  NotHere: {
    means: "Neither end is a pod of this node, so none of its programs sees these packets.",
    remedy: "Ask the node of either pod.",
  },
  NoProgram: {
    means: "None of our programs is on the pod's device: its packets take the stack.",
    remedy: "`hostrouting status` names what keeps the pod on the stack.",
  },
  NotTranslatedYet: {
    means: "Where answers come in is decided by the first packet out: the flow has no translation yet.",
    remedy: "Ask again while the flow lives.",
  },
  NoUplink: { means: "This node has no device towards other nodes.", remedy: "Look at the node's routes." },
};

const CLASSES: Readonly<Record<TracedDirection["addressClass"], string>> = {
  Stack: "kept for the stack",
  Native: "reached directly",
  OwnNode: "a pod of this node",
  Masquerade: "outside, reached with an address of the node",
  None: "in no range that is known",
};
const VERDICTS: Readonly<Record<TracedDirection["conntrack"], string>> = {
  NotAsked: "not asked",
  Unknown: "does not know the flow",
  Ended: "has a mark of a fast flow that ended",
  Tracked: "tracks the flow",
};
const SOURCES: Readonly<Record<NonNullable<TracedDirection["sourceCheck"]>, string>> = {
  Own: "the device's own address",
  OtherDevice: "another pod's address",
  NoPod: "no pod's address",
};

/** The lines of a trace. No line depends on the terminal or on the time. */
export function traceLines(node: string, trace: FlowTrace): string[] {
  if (trace.mode === "Absent") return [`${node}: nothing of host routing is loaded, so every packet takes the kernel's stack.`];
  return [`${node}: mode ${trace.mode}`, ...trace.directions.flatMap((direction) => ["", ...directionLines(trace.protocol, direction)])];
}

function directionLines(protocol: string, direction: TracedDirection | UnseenDirection): string[] {
  const head = `${protocol} ${flowEndText(direction.source)} → ${flowEndText(direction.destination)}`;
  if ("unseen" in direction) return [`${head}: ${direction.unseen}`, ...resultLines(UNSEEN[direction.unseen])];
  return [
    `${head}: ${direction.reason}`,
    ...evidence(direction).map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)} ${text}`),
    ...resultLines(reasonText(direction.reason)),
  ];
}

function evidence(direction: TracedDirection): [string, string][] {
  const { device, role, sourceCheck, addressClass, endpoint, keptOnStack, conntrack, flowAgeMs, translation, route } = direction;
  const kind = { Pod: "a pod's device", Uplink: "an uplink", None: "none of ours" }[role];
  return [
    ["enters by", `${device}, ${kind}`],
    ...(sourceCheck === undefined ? [] : ([["source", SOURCES[sourceCheck]]] satisfies [string, string][])),
    [sourceCheck === undefined ? "from" : "to", CLASSES[addressClass]],
    ["local pod", endpoint === undefined ? "none" : `behind ${endpoint}`],
    ...(keptOnStack.length === 0 ? [] : ([["on the stack", keptOnStack.join(" and ")]] satisfies [string, string][])),
    ["flow entry", flowAgeMs === undefined ? "none" : `seen ${seconds(flowAgeMs)} ago`],
    ["conntrack", VERDICTS[conntrack]],
    ["translation", translation === undefined ? "none" : `${flowEndText(translation)}, seen ${seconds(translation.ageMs)} ago`],
    ["route", routeText(route)],
  ];
}

function routeText({ answer, device, mtuBytes }: TracedDirection["route"]): string {
  if (answer === "NotAsked") return "not asked";
  const where = [device && `through ${device}`, mtuBytes > 0 && `MTU ${mtuBytes}`].filter(Boolean).join(", ");
  return where === "" ? answer : `${answer}, ${where}`;
}

function resultLines({ means, remedy }: ReasonText): string[] {
  return [`  ${means}`, ...(remedy === "" ? [] : [`  → ${remedy}`])];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
