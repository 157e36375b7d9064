import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type NodeRollout } from "@hostrouting/domain";
import { nodeIllness } from "./node-health.ts";
import type { NodeObservation } from "./snapshot.ts";

const MINUTE_MS = 60_000;
const HEARD = as<Instant>(0);
type Case = readonly [what: string, record: object, seen: object, minutes: number, illness: string | undefined];

const cases: readonly Case[] = [
  ["reports", {}, {}, 5, undefined],
  ["keeps silent for as long as agents may", {}, {}, 11, undefined],
  ["is silent for longer", {}, {}, 12, "NodeUnhealthy Stale: its agent has not reported since 1970-01-01T00:00:00.000Z."],
  ["is silent, and is not Ready either", {}, { ready: false }, 12, "NodeNotReady The node is not Ready."],
  ["has never reported", { heard: undefined }, {}, 12, undefined],
  ["has not reported in this boot", {}, { bootId: "later" }, 12, undefined],
  ["is to report each half minute, and misses three", { paced: { seconds: 30, at: HEARD } }, {}, 2, "NodeUnhealthy Stale"],
  ["is to report each half minute, and misses two", { paced: { seconds: 30, at: HEARD } }, {}, 1, undefined],
  ["is to report each second, and is late", { paced: { seconds: 1, at: HEARD } }, {}, 1, undefined],
  ["was just told to report more often", { paced: { seconds: 30, at: as<Instant>(9 * MINUTE_MS) } }, {}, 10, undefined],
  [
    "reports, and no pod starts there",
    {},
    { sandboxes: { pods: ["shop/a", "shop/b"], podCount: 5, message: "failed to setup network" } },
    0,
    "NodeUnhealthy SandboxesFail: no pod that came since its switch could be started: shop/a, shop/b and 3 more. The kubelet: failed to setup network",
  ],
  ["is asked by us", {}, { isAskedFor: true }, 60, undefined],
];

for (const [what, changes, { isAskedFor, ...seen }, minutes, expected] of cases.map(
  ([a, b, c, d, e]) => [a, b, c as { readonly isAskedFor?: boolean }, d, e] as const,
))
  test(`a node whose agent ${what}`, () => {
    const record = { heard: { observedAtMs: 1, at: HEARD }, ...changes } as unknown as NodeRollout;
    const report = { nodeUID: "u", bootID: "b", observedAtMs: 1, ...(isAskedFor === true && { isAskedFor }) };
    const node = { ready: true, uid: "u", bootId: "b", report, ...seen } as unknown as NodeObservation;
    const ill = nodeIllness(record, node, as<Instant>(minutes * MINUTE_MS));
    const said = ill && `${ill.reason} ${ill.message}`;
    if (expected === undefined) assert.equal(said, undefined);
    else assert.ok(said?.startsWith(expected), said);
  });
