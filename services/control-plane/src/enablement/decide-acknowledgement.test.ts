import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostRoutingStatus, Operation } from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { decideAcknowledgement } from "./decide-acknowledgement.ts";

const principal = { objectId: "o1" } as Principal;
const operation = (control: Operation["control"] = {}): Operation => ({ id: "op-1", kind: "EnableHostRouting", control }) as Operation;
const asking = (expectedAtMost: number): HostRoutingStatus =>
  ({ waits: [{ reason: "DisruptionNotAcknowledged" }], disruption: { expectedAtMost } }) as unknown as HostRoutingStatus;
const silent = { waits: [{ reason: "PolicyNotInPlace" }] } as unknown as HostRoutingStatus;

describe("what an acknowledgement makes of an operation", () => {
  const acknowledged = { connections: 12, by: "o1" };
  const grown =
    "409 DisruptionNotAcknowledged: By now 13 connections may break, and 12 were acknowledged. Look again, and acknowledge that many.";
  const notAsked = "409 OperationNotAllowed: Operation EnableHostRouting (op-1) waits for no acknowledgement.";
  const cases: [what: string, active: Operation, status: HostRoutingStatus | undefined, expected: unknown][] = [
    ["is remembered when it is as many as were seen", operation({ approvals: [] }), asking(12), { approvals: [], acknowledged }],
    ["is remembered when there are fewer by now", operation(), asking(3), { acknowledged }],
    ["is refused when there are more by now", operation(), asking(13), grown],
    ["is refused where nobody asks", operation(), silent, notAsked],
    ["is refused before anybody has looked", operation(), undefined, notAsked],
    ["changes nothing the second time", operation({ acknowledged }), silent, undefined],
  ];
  for (const [what, active, status, expected] of cases)
    it(what, () => {
      const decided = decideAcknowledgement(active, { ask: { verb: "acknowledge", connections: 12 }, principal, status });
      assert.deepEqual(decided instanceof ArmError ? `${decided.status} ${decided.fault.code}: ${decided.message}` : decided, expected);
    });
});
