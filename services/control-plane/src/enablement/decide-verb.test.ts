import assert from "node:assert/strict";
import { test } from "node:test";
import {
  as,
  operationVerbs,
  type Instant,
  type Operation,
  type OperationControl,
  type OperationId,
  type OperationPhase,
} from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster } from "../testing/test-cluster.ts";
import { decideVerb, type VerbRequest } from "./decide-verb.ts";

const principal = { tenantId: "t", objectId: "o", name: "someone", type: "User" } as const;
const cluster = makeCluster("one");
const pause = { reason: "Asked", message: "Somebody asked to start no further node.", by: "o" } as const;

function operation(phase: OperationPhase, more: Partial<Operation> = {}): Operation {
  return {
    id: as<OperationId>("op"),
    clusterId: cluster.id,
    kind: "EnableHostRouting",
    mode: "BpfVeth",
    generation: 2,
    phase,
    percentComplete: 10,
    error: undefined,
    cancelRequested: false,
    control: {},
    revision: 0,
    startedAt: as<Instant>(0),
    endedAt: undefined,
    tenantId: "t",
    objectId: "o",
    ...more,
  };
}

function ask(verb: VerbRequest["verb"], active: Operation | undefined): string | OperationControl {
  const { change, result } = decideVerb({ cluster, active, rolloutPolicy: {} }, { verb, name: "one", principal });
  if (result instanceof ArmError) return `${result.status} ${result.fault.code}: ${result.message}`;
  return change?.control?.control ?? "nothing";
}

const held = { held: { from: "Rolling", since: as<Instant>(7) } } as const;
const answers: readonly (readonly [name: string, verb: VerbRequest["verb"], active: Operation | undefined, expected: object | string])[] = [
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
    "409 OperationNotAllowed: Operation EnableHostRouting (op) is in phase Rolling. Allowed now: pause, cancel.",
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

test("a cluster that is gone is not found", () => {
  const { result } = decideVerb(undefined, { verb: "pause", name: "one", principal });
  assert.equal(result instanceof ArmError && result.status, 404);
});
