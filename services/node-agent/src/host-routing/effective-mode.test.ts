import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { zeroCounters } from "./counters.ts";
import type { HookedDevice } from "./device-hooks.ts";
import { effectiveMode, refusedDevices } from "./effective-mode.ts";
import type { Observation } from "./node-datapath.ts";

const control = { mode: "On", generation: 1, deadlineNs: 0n, missed: false, epoch: 1 } as const;
const uplink: HookedDevice = { name: "eth0", ifindex: 2, role: "Uplink", attached: true, hook: "tcx", addresses: [] };
const pod: HookedDevice = { name: "veth1", ifindex: 3, role: "Pod", attached: true, hook: "tcx", addresses: ["10.244.1.2"] };
const good: Observation = {
  control,
  devices: [uplink, pod],
  counters: zeroCounters(),
  selfTest: { outcome: "Passed", message: "" },
  switchedNow: false,
  handedOver: { handedOver: 0, ended: 0, refused: 0, left: 0 },
  masquerade: undefined,
  denials: undefined,
};

describe("effectiveMode", () => {
  const cases: [string, Partial<Observation>, string, string][] = [
    ["all there and tested", {}, "BpfVeth", "Switched"],
    ["nothing loaded", { control: undefined }, "Legacy", "Detached"],
    ["timer fired", { control: { ...control, mode: "Drain", missed: true } }, "Legacy", "ConfirmMissed"],
    ["draining", { control: { ...control, mode: "Drain" } }, "Legacy", "Draining"],
    ["loaded and off", { control: { ...control, mode: "Off" } }, "Legacy", "Off"],
    ["no uplink", { devices: [pod] }, "Unknown", "NoUplink"],
    ["bare uplink", { devices: [{ ...uplink, attached: false, reason: "ForeignTcxProgram" }, pod] }, "Legacy", "UplinkNotAttached"],
    ["bare pod", { devices: [uplink, { ...pod, attached: false, reason: "AttachRefused" }] }, "Unknown", "DeviceNotAttached"],
    ["pod that opted out", { devices: [uplink, { ...pod, reason: "OptOut" }] }, "BpfVeth", "Switched"],
    ["bridged pod", { devices: [uplink, { ...pod, attached: false, reason: "Bridged" }] }, "BpfVeth", "Switched"],
    [
      "opted-out pod whose device is bare",
      { devices: [uplink, { ...pod, attached: false, reason: "NotAttached" }] },
      "Unknown",
      "DeviceNotAttached",
    ],
    ["pod with a foreign program", { devices: [uplink, { ...pod, attached: false, reason: "ForeignTcFilter" }] }, "BpfVeth", "Switched"],
    ["not tested", { selfTest: undefined }, "Unknown", "NotTested"],
    ["test failed", { selfTest: { outcome: "Failed", message: "lost" } }, "Unknown", "SelfTestFailed"],
  ];
  for (const [name, change, mode, reason] of cases)
    it(`${name}: ${mode}, ${reason}`, () => assert.partialDeepStrictEqual(effectiveMode({ ...good, ...change }), { mode, reason }));

  it("names in its message how many pods stay on the stack", () => {
    const devices: HookedDevice[] = [uplink, pod, { ...pod, reason: "BandwidthLimit" }, { ...pod, attached: false, reason: "ForeignPeer" }];
    assert.equal(
      effectiveMode({ ...good, devices }).message,
      "3 devices carry our programs. 2 pods stay on the stack, each with its reason in refusals.",
    );
    assert.deepEqual(refusedDevices(devices), devices.slice(2));
  });
});
