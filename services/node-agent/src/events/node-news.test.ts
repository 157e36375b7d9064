import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeTellings, withSight, type NodeMemory, type NodeSight } from "./node-news.ts";

const START = Date.parse("2026-11-28T08:00:00.000Z");
const MINUTE_MS = 60_000;

const nothing: NodeSight = {
  guard: undefined,
  control: undefined,
  effective: { mode: "Legacy", reason: "Detached", message: "" },
  emergency: undefined,
  selfTest: undefined,
};
const guarded: NodeSight = { ...nothing, guard: "Lsm" };
const on = (generation: number, changes: Partial<NonNullable<NodeSight["control"]>> = {}): NodeSight => ({
  ...guarded,
  control: { mode: "On", generation, awaits: false, missed: false, ...changes },
  effective: { mode: "BpfVeth", reason: "Switched", message: "2 devices carry our programs." },
  selfTest: { outcome: "Passed", message: "" },
});
const awaiting = (generation: number): NodeSight => on(generation, { awaits: true });
const missed = (generation: number): NodeSight => on(generation, { mode: "Drain", missed: true });
const emergency = (sight: NodeSight): NodeSight => ({ ...sight, emergency: "Host routing is off because of the file `off` on this node." });
const failing: NodeSight = { ...awaiting(1), selfTest: { outcome: "Failed", message: "No datagram arrived at 192.0.2.2." } };

/** What there is to tell after these looks, a second after one another; null: another process of the agent takes over. */
function told(looks: readonly (NodeSight | null)[]): string[] {
  let [memory, now]: [NodeMemory | undefined, number] = [undefined, START];
  for (const look of looks) {
    // what is kept is JSON
    memory = look === null ? memory && (JSON.parse(JSON.stringify(memory)) as NodeMemory) : withSight(memory, look, now);
    now += 1000;
  }
  return nodeTellings(memory, { kind: "Node", name: "n", uid: "u" }, now).map(({ reason, key, count }) =>
    `${reason} ${key.replace(/ ?\d+$/, "")} ×${count}`.replace("  ", " "),
  );
}

const ENABLED = ["GuardAttached Lsm ×1", "SwitchStarted ×1", "HostRoutingEnabled ×1"];
const way = [nothing, guarded, awaiting(1), on(1)];

describe("what is told of a node", () => {
  const cases: [what: string, looks: readonly (NodeSight | null)[], expected: readonly string[]][] = [
    ["nothing of what was there before anybody remembered", [on(1), on(1)], []],
    ["the way to host routing, once", [...way, on(1)], ENABLED],
    ["nothing again when another process takes over", [nothing, null, guarded, null, awaiting(1), null, on(1), null, on(1)], ENABLED],
    ["no end in order", [...way, on(1, { mode: "Drain" }), nothing], [...ENABLED, "GuardDetached Lsm ×1"]],
    [
      "a switch that was taken back, also while no agent ran",
      [guarded, awaiting(1), null, missed(1), missed(1), guarded],
      ["SwitchStarted ×1", "HostRoutingReverted ConfirmMissed ×1"],
    ],
    [
      "the same again as one series",
      [guarded, awaiting(1), missed(1), guarded, awaiting(2), missed(2)],
      ["SwitchStarted ×2", "HostRoutingReverted ConfirmMissed ×2"],
    ],
    [
      "an emergency where it was on",
      [...way, emergency(on(1, { mode: "Drain" })), emergency(guarded)],
      [...ENABLED, "HostRoutingReverted EmergencyOff ×1"],
    ],
    ["no emergency where it was off", [guarded, emergency(guarded)], []],
    [
      "an uplink that lost its program, and has it again",
      [on(1), { ...on(1), effective: { mode: "Legacy", reason: "UplinkNotAttached", message: "eth0" } }, on(1)],
      ["HostRoutingReverted UplinkNotAttached ×1", "HostRoutingEnabled ×1"],
    ],
    [
      "not that it is enabled before the kernel proves it",
      [guarded, { ...on(1), effective: { mode: "Unknown", reason: "NotTested", message: "" } }],
      ["SwitchStarted ×1"],
    ],
    ["nothing of a generation that renews what is on", [on(1), on(2)], []],
    ["a generation that has to be confirmed anew", [on(1), awaiting(2), on(2)], ["SwitchStarted ×1", "HostRoutingEnabled ×1"]],
    [
      "a self-test that fails, once",
      [guarded, failing, failing, { ...failing, selfTest: undefined }, failing],
      ["SwitchStarted ×1", "VerificationFailed self-test ×1"],
    ],
    ["a self-test that fails anew", [awaiting(1), failing, awaiting(1), failing], ["VerificationFailed self-test ×2"]],
    ["another way to guard", [guarded, { ...guarded, guard: "FmodRet" }], ["GuardAttached FmodRet ×1"]],
    ["no gap of a guard that ends with its process", [{ ...nothing, guard: "Audit" }, null, nothing, { ...nothing, guard: "Audit" }], []],
    [
      "the end of a guard that only tells, a minute later",
      [{ ...nothing, guard: "Audit" }, ...Array.from({ length: 61 }, () => nothing)],
      ["GuardDetached Audit ×1"],
    ],
  ];
  for (const [what, looks, expected] of cases) it(what, () => assert.deepEqual(told(looks), expected));

  it("is told for ten minutes, counted for 45, and then new", () => {
    const lost = (before: NodeMemory | undefined, at: number) => withSight(withSight(before, failing, START + at), awaiting(1), START + at);
    const tell = (memory: NodeMemory, at: number) => nodeTellings(memory, { kind: "Node", name: "n", uid: "u" }, START + at);
    const first = lost(withSight(undefined, awaiting(1), START), 0);
    assert.equal(tell(first, 10 * MINUTE_MS).length, 0);
    const second = lost(first, 44 * MINUTE_MS);
    assert.deepEqual(
      tell(second, 44 * MINUTE_MS).map(({ count }) => count),
      [2],
    );
    const [third] = tell(lost(second, 89 * MINUTE_MS), 89 * MINUTE_MS);
    assert.equal(third?.count, 1);
    assert.notEqual(third?.key, tell(second, 44 * MINUTE_MS)[0]?.key);
  });

  it("says what happened, to what, and why; of a series what was said first", () => {
    let memory: NodeMemory | undefined;
    for (const look of [...way, emergency(guarded), { ...nothing, control: on(2).control, guard: undefined }])
      memory = withSight(memory, look, START);
    assert.deepEqual(
      nodeTellings(memory, { kind: "Node", name: "n", uid: "u" }, START).map(({ note }) => note),
      [
        "The guard against packet filter rules is attached to the kernel's security hook (Lsm): it refuses them as soon as it enforces.",
        "Host routing is on and confirmed (switch 1). 2 devices carry our programs.",
        "EmergencyOff: Host routing is off because of the file `off` on this node.",
        "The guard against packet filter rules (Lsm) is not attached any more, though host routing is on: say another mode than Off in `spec.guard` of HostRoutingConfig `default`, or look at the agent's log.",
        "Host routing is switched on here (switch 1).",
      ],
    );
  });
});
