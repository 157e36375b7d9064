import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowTrace, TracedDirection } from "@hostrouting/domain";
import { traceLines } from "./trace-view.ts";

const A = { address: "10.244.1.5", port: 40_000 };
const B = { address: "10.244.2.7", port: 80 };
const FAST: TracedDirection = {
  source: A,
  destination: B,
  device: "veth12",
  role: "Pod",
  reason: "FastRemote",
  sourceCheck: "Own",
  addressClass: "Native",
  endpoint: undefined,
  keptOnStack: [],
  conntrack: "Unknown",
  flowAgeMs: 440,
  translation: undefined,
  route: { answer: "SUCCESS", device: "eth0", mtuBytes: 1500 },
};
const BACK: TracedDirection = {
  ...FAST,
  source: B,
  destination: A,
  device: "eth0",
  role: "Uplink",
  reason: "FastFromNet",
  sourceCheck: undefined,
  endpoint: "veth12",
  route: { answer: "NotAsked", device: undefined, mtuBytes: 0 },
};
const trace = (directions: FlowTrace["directions"], changes: Partial<FlowTrace> = {}): FlowTrace => ({
  protocol: "tcp",
  mode: "On",
  directions,
  ...changes,
});

test("a fast flow, there and back", () => {
  assert.deepEqual(traceLines("n1", trace([FAST, BACK])), [
    "n1: mode On",
    "",
    "tcp 10.244.1.5:40000 → 10.244.2.7:80: FastRemote",
    "  enters by    veth12, a pod's device",
    "  source       the device's own address",
    "  to           reached directly",
    "  local pod    none",
    "  flow entry   seen 0.4 s ago",
    "  conntrack    does not know the flow",
    "  translation  none",
    "  route        SUCCESS, through eth0, MTU 1500",
    "  Redirected to the uplink, on its way to another node.",
    "",
    "tcp 10.244.2.7:80 → 10.244.1.5:40000: FastFromNet",
    "  enters by    eth0, an uplink",
    "  from         reached directly",
    "  local pod    behind veth12",
    "  flow entry   seen 0.4 s ago",
    "  conntrack    does not know the flow",
    "  translation  none",
    "  route        not asked",
    "  Redirected from the uplink straight into the pod.",
  ]);
});

test("a flow on the stack says why and what to do", () => {
  const stack: TracedDirection = { ...FAST, reason: "StackConntrack", conntrack: "Tracked", flowAgeMs: undefined };
  assert.deepEqual(traceLines("n1", trace([stack])).slice(6), [
    "  local pod    none",
    "  flow entry   none",
    "  conntrack    tracks the flow",
    "  translation  none",
    "  route        SUCCESS, through eth0, MTU 1500",
    "  The kernel's conntrack has this flow: it began before the switch, or a Service translates it.",
    "  → It ends with the flow; a new connection takes the fast path unless it goes through a Service.",
  ]);
});

test("a translated flow over IPv6 names the address that the world sees", () => {
  const out: TracedDirection = {
    ...FAST,
    source: { address: "fd00::5", port: 4000 },
    destination: { address: "2001:db8::1", port: 443 },
    reason: "FastMasquerade",
    addressClass: "Masquerade",
    translation: { address: "fd00:200::1", port: 61_001, ageMs: 12_340 },
  };
  const lines = traceLines("n1", trace([out], { protocol: "udp" }));
  assert.equal(lines[2], "udp [fd00::5]:4000 → [2001:db8::1]:443: FastMasquerade");
  assert.equal(lines[5], "  to           outside, reached with an address of the node");
  assert.equal(lines[9], "  translation  [fd00:200::1]:61001, seen 12.3 s ago");
});

test("a pod that is kept on the stack", () => {
  const kept: TracedDirection = { ...BACK, reason: "StackOptOut", keptOnStack: ["source", "destination"] };
  const lines = traceLines("n1", trace([kept], { protocol: "icmp" }));
  assert.equal(lines[6], "  on the stack source and destination");
  assert.equal(lines.at(-2), "  The pod is kept on the stack, both ways: it opted out, or its bandwidth is limited.");
});

test("directions that nothing of ours sees", () => {
  const ends = { source: { address: "10.9.9.9", port: 0 }, destination: { address: "10.9.9.8", port: 0 } };
  assert.deepEqual(traceLines("n1", trace([{ ...ends, unseen: "NotHere" }], { protocol: "icmp" })).slice(2), [
    "icmp 10.9.9.9 → 10.9.9.8: NotHere",
    "  Neither end is a pod of this node, so none of its programs sees these packets.",
    "  → Ask the node of either pod.",
  ]);
  for (const unseen of ["NoProgram", "NotTranslatedYet", "NoUplink"] as const)
    assert.equal(traceLines("n1", trace([{ ...ends, unseen }])).length, 5, unseen);
});

test("a node without host routing is one line; a reason that is not known says so", () => {
  assert.deepEqual(traceLines("n1", trace([], { mode: "Absent" })), [
    "n1: nothing of host routing is loaded, so every packet takes the kernel's stack.",
  ]);
  assert.equal(traceLines("n1", trace([{ ...FAST, reason: "StackSomethingNewer" }])).at(-1), "  → Use the command of the node's version.");
});
