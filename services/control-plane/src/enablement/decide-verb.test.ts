import assert from "node:assert/strict";
import { test } from "node:test";
import {
  as,
  operationVerbs,
  type HostRoutingStatus,
  type Instant,
  type NodePhase,
  type NodeRequest,
  type Operation,
  type OperationControl,
  type OperationPhase,
} from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideVerb } from "./decide-verb.ts";

const principal = { tenantId: "t", objectId: "o", name: "someone", type: "User" } as const;
const cluster = makeCluster("one");
const pause = { reason: "Asked", message: "Somebody asked to start no further node.", by: "o" } as const;

function operation(phase: OperationPhase, more: Partial<Operation> = {}): Operation {
  return makeOperation({ phase, ...more });
}

function ask(verb: "pause" | "resume", active: Operation | undefined): string | OperationControl {
  const { change, result } = decideVerb(
    { cluster, active, rolloutPolicy: {}, maintenance: {} },
    { ask: { verb }, name: "one", principal, status: undefined },
  );
  if (result instanceof ArmError) return `${result.status} ${result.fault.code}: ${result.message}`;
  return change?.control?.control ?? "nothing";
}

const held = { held: { from: "Rolling", since: as<Instant>(7) } } as const;
const answers: readonly (readonly [name: string, verb: "pause" | "resume", active: Operation | undefined, expected: object | string])[] = [
  ["a running operation", "pause", operation("Rolling"), { pause }],
  ["one that is paused already", "pause", operation("Paused", { control: { pause, ...held } }), "nothing"],
  ["one that was resumed just now", "pause", operation("Paused", { control: held }), { pause, ...held }],
  ["a paused one", "resume", operation("Paused", { control: { pause, ...held } }), held],
  ["one that is on its way to a pause", "resume", operation("Pausing", { control: { pause, ...held } }), held],
  ["one that was resumed already", "resume", operation("Paused", { control: held }), "nothing"],
  [
    "one that runs",
    "resume",
    operation("Rolling"),
    "409 OperationNotAllowed: Operation EnableHostRouting (op) is in phase Rolling. Allowed now: pause, cancel, retry, skip, approve, reject.",
  ],
  [
    "one that failed and winds down",
    "pause",
    operation("Rolling", { error: { code: "NodeSwitchFailed", message: "" } }),
    "409 OperationNotAllowed: Operation EnableHostRouting (op) is in phase Rolling, and is winding down. Allowed now: cancel.",
  ],
  [
    "one that is to be canceled",
    "resume",
    operation("Paused", { cancelRequested: true, control: { pause, ...held } }),
    "409 OperationNotAllowed: Operation EnableHostRouting (op) is in phase Paused, and is winding down. Allowed now: cancel.",
  ],
  [
    "nothing",
    "pause",
    undefined,
    "409 OperationNotAllowed: No operation is under way on managed cluster 'one', so there is nothing to pause.",
  ],
];
for (const [name, verb, active, expected] of answers) test(`${verb}, ${name}`, () => assert.deepEqual(ask(verb, active), expected));

for (const [phase, allowed] of Object.entries(operationVerbs))
  for (const verb of ["pause", "resume"] as const)
    test(`${verb} in ${phase} is ${allowed.includes(verb) ? "accepted" : "409"}`, () => {
      const control = phase === "Paused" || phase === "Pausing" ? { pause, ...held } : {};
      const answer = ask(verb, operation(phase as OperationPhase, { control }));
      assert.equal(typeof answer === "string" && answer.startsWith("409 OperationNotAllowed"), !allowed.includes(verb));
    });

const node = (name: string, phase: NodePhase, reason = ""): HostRoutingStatus["nodes"][number] => ({
  name,
  pool: "user",
  phase,
  effectiveMode: "Legacy",
  reason,
  fastShare: undefined,
  stackReasons: [],
  refusedDevices: 0,
  refusals: [],
  rules: undefined,
  observedAt: undefined,
});
const nodes = [node("n1", "Failed", "VerificationFailed"), node("n2", "Pending"), node("n3", "Enabled"), node("n4", "Pending", "Skipped")];
const retry = (name?: string): NodeRequest => ({ kind: "Retry", node: name });
const skip = (name: string): NodeRequest => ({ kind: "Skip", node: name, reason: "broken disk", by: "o" });

function askOfNodes(request: NodeRequest, active: Operation): string | readonly NodeRequest[] {
  const verb = request.kind === "Retry" ? "retry" : "skip";
  const { change, result } = decideVerb(
    { cluster, active, rolloutPolicy: {}, maintenance: {} },
    { ask: { verb, request }, name: "one", principal, status: { nodes } as unknown as HostRoutingStatus },
  );
  if (result instanceof ArmError) return `${result.status} ${result.fault.code}: ${result.message}`;
  return change?.control?.control.requests ?? "nothing";
}

const many = Array.from({ length: 100 }, (_, index) => skip(`m${index}`));
const forNodes: readonly (readonly [name: string, request: NodeRequest, active: Operation, expected: string | readonly NodeRequest[]])[] = [
  ["all that failed", retry(), operation("Rolling"), [retry()]],
  ["a node that failed, of a paused operation", retry("n1"), operation("Paused"), [retry("n1")]],
  ["a node that was skipped", retry("n4"), operation("Rolling"), [retry("n4")]],
  ["a node that has not failed", retry("n2"), operation("Rolling"), "nothing"],
  ["what is asked for already", retry("n1"), operation("Rolling", { control: { requests: [retry("n1")] } }), "nothing"],
  ["a node that is to be skipped", retry("n2"), operation("Rolling", { control: { requests: [skip("n2")] } }), [skip("n2"), retry("n2")]],
  [
    "a node that is not there",
    retry("n9"),
    operation("Rolling"),
    "404 NodeNotFound: The cluster has no node 'n9', as far as the worker has seen.",
  ],
  ["a node", skip("n2"), operation("Preparing"), [skip("n2")]],
  ["a node that is left out already", skip("n4"), operation("Rolling"), "nothing"],
  [
    "a node that is switched",
    skip("n3"),
    operation("Rolling"),
    "409 OperationNotAllowed: Node 'n3' is switched already, so it cannot be left out.",
  ],
  [
    "too many at once",
    skip("n2"),
    operation("Rolling", { control: { requests: many } }),
    "409 OperationNotAllowed: 100 requests for nodes wait for the worker; ask again later.",
  ],
  [
    "a node, too early",
    retry("n1"),
    operation("Preparing"),
    "409 OperationNotAllowed: Operation EnableHostRouting (op) is in phase Preparing. Allowed now: pause, cancel, skip, acknowledge.",
  ],
  [
    "a node on the way back",
    skip("n3"),
    operation("Rolling", { kind: "DisableHostRouting", mode: "None" }),
    "409 OperationNotAllowed: Operation DisableHostRouting (op) is in phase Rolling. Allowed now: pause, cancel.",
  ],
];
for (const [name, request, active, expected] of forNodes)
  test(`${request.kind}, ${name}`, () => assert.deepEqual(askOfNodes(request, active), expected));

test("a cluster that is gone is not found", () => {
  const { result } = decideVerb(undefined, { ask: { verb: "pause" }, name: "one", principal, status: undefined });
  assert.equal(result instanceof ArmError && result.status, 404);
});

test("a node of a cluster whose nodes AKS switches can be asked for nothing", () => {
  for (const request of [
    { kind: "Skip", node: "n1", reason: "no", by: "o" },
    { kind: "Retry", node: undefined },
  ] as NodeRequest[]) {
    const { change, result } = decideVerb(
      { cluster: { ...cluster, driver: "aks-arm" }, active: operation("Rolling"), rolloutPolicy: {}, maintenance: {} },
      { ask: { verb: request.kind === "Skip" ? "skip" : "retry", request }, name: "one", principal, status: undefined },
    );
    assert.equal(change, undefined);
    assert.ok(result instanceof ArmError);
    assert.deepEqual([result.status, result.fault.code], [409, "OperationNotAllowed"]);
    assert.match(result.message, /AKS itself switches the nodes/);
  }
});
