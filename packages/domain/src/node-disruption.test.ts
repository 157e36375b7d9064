import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant } from "./brand.ts";
import type { MaintenanceConfiguration } from "./maintenance-configuration.ts";
import { whyNoDisruption, type NodeDisruptionRules } from "./node-disruption.ts";
import { productionPolicy, type RolloutPolicy } from "./rollout-policy.ts";

/** A Monday. */
const now = Date.UTC(2026, 0, 5, 12) as Instant;
const on = (day: "Monday" | "Tuesday", hourSlots: readonly number[] = []): MaintenanceConfiguration => ({
  timeInWeek: [{ day, hourSlots }],
  notAllowedTime: [],
});
const open = on("Monday");
const closed = on("Tuesday");
const override = (ruleId: string, offsetMs: number): Partial<RolloutPolicy> => ({
  preflightOverrides: [{ ruleId, reason: "a leak", expiresAt: new Date(now + offsetMs).toISOString() }],
});

type Case = readonly [
  what: string,
  given: {
    policy?: NodeDisruptionRules["policy"];
    configurations?: NodeDisruptionRules["configurations"];
    rollout?: Partial<RolloutPolicy>;
  },
  expected: string,
];
const cases: readonly Case[] = [
  ["no windows are any time", {}, "free"],
  ["none though required", { rollout: { maintenance: "Require" } }, "MaintenanceWindowClosed"],
  ["an open one", { configurations: { default: open } }, "free"],
  ["a closed one", { configurations: { default: closed } }, "MaintenanceWindowClosed until 2026-01-06T00:00:00.000Z"],
  ["a closed one that is ignored", { configurations: { default: closed }, rollout: { maintenance: "Ignore" } }, "free"],
  ["that for node images alone counts", { configurations: { default: closed, aksManagedNodeOSUpgradeSchedule: open } }, "free"],
  [
    "also when it is the closed one",
    { configurations: { default: open, aksManagedNodeOSUpgradeSchedule: closed } },
    "MaintenanceWindowClosed until 2026-01-06T00:00:00.000Z",
  ],
  ["that for versions of Kubernetes never counts", { configurations: { aksManagedAutoUpgradeSchedule: closed } }, "free"],
  [
    "nor is it one that is required",
    { configurations: { aksManagedAutoUpgradeSchedule: open }, rollout: { maintenance: "Require" } },
    "MaintenanceWindowClosed",
  ],
  [
    "too little is left of it",
    { configurations: { default: on("Monday", [11, 12]) }, rollout: { minRemainingMinutes: 61 } },
    "MaintenanceWindowClosed until 2026-01-12T11:00:00.000Z",
  ],
  ["just enough is left", { configurations: { default: on("Monday", [12]) }, rollout: { minRemainingMinutes: 60 } }, "free"],
  [
    "it is never long enough",
    { configurations: { default: on("Monday", [12]) }, rollout: { minRemainingMinutes: 90 } },
    "MaintenanceWindowClosed",
  ],
  ["the cluster blocks", { policy: "Block", rollout: { maintenance: "Ignore" } }, "NodeDisruptionBlocked"],
  ["a word of which nobody has heard blocks", { policy: "Unknown" }, "NodeDisruptionBlocked"],
  ["a block is overridden", { policy: "Block", rollout: override("PF-052", 1) }, "free"],
  ["the override of a block has ended", { policy: "Block", rollout: override("PF-052", 0) }, "NodeDisruptionBlocked"],
  ["an override of windows is none of a block", { policy: "Block", rollout: override("PF-051", 1) }, "NodeDisruptionBlocked"],
  ["a window is overridden", { configurations: { default: closed }, rollout: override("PF-051", 1) }, "free"],
  [
    "in windows only: those for node images, whatever the policy ignores",
    {
      policy: "AllowDuringMaintenanceWindow",
      configurations: { aksManagedNodeOSUpgradeSchedule: closed },
      rollout: { maintenance: "Ignore" },
    },
    "MaintenanceWindowClosed until 2026-01-06T00:00:00.000Z",
  ],
  [
    "in windows only: the default is none of those",
    { policy: "AllowDuringMaintenanceWindow", configurations: { default: closed }, rollout: { maintenance: "Ignore" } },
    "free",
  ],
  ["in windows only, and there is none", { policy: "AllowDuringMaintenanceWindow" }, "free"],
];

for (const [what, { policy = "Allow", configurations = {}, rollout = {} }, expected] of cases)
  test(`node disruption: ${what}`, () => {
    const hold = whyNoDisruption({ policy, configurations }, { ...productionPolicy, minRemainingMinutes: 0, ...rollout }, now);
    const until = hold?.until === undefined ? "" : ` until ${new Date(hold.until).toISOString()}`;
    assert.equal(hold === undefined ? "free" : `${hold.reason}${until}`, expected);
  });
