import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HookedDevice } from "../host-routing/device-hooks.ts";
import { newRefusals, refusalReport } from "./refusals.ts";

const device = (name: string, changes: Partial<HookedDevice> = {}): HookedDevice => ({
  name,
  ifindex: Number(name.slice(4)),
  role: "Pod",
  attached: false,
  hook: "tcx",
  addresses: [],
  ...changes,
});
const optedOut = device("veth3", { attached: true, reason: "OptOut", pod: "shop/cart" });
const foreign = device("veth2", { reason: "ForeignTcxProgram" });

describe("refusals in a report", () => {
  it("are those of pods, by device; what the next round tries again is none", () => {
    const devices = [optedOut, foreign, device("veth4", { reason: "AttachRefused" }), device("veth5", { attached: true })];
    assert.deepEqual(refusalReport([...devices, device("veth6", { role: "Uplink", reason: "ForeignTcFilter" })]), {
      refusedDevices: 2,
      refusals: [
        { device: "veth2", reason: "ForeignTcxProgram" },
        { device: "veth3", reason: "OptOut", pod: "shop/cart" },
      ],
    });
  });

  it("are counted beyond what there is room for", () => {
    const many = Array.from({ length: 250 }, (_, index) => device(`veth${index}`, { reason: "Bridged" }));
    const report = refusalReport(many);
    assert.deepEqual([report.refusedDevices, report.refusals.length], [250, 50]);
  });

  it("are warned of once, and again for another reason", () => {
    assert.deepEqual(newRefusals([], [optedOut, foreign]), [optedOut, foreign]);
    assert.deepEqual(newRefusals([optedOut], [optedOut, foreign]), [foreign]);
    const changed = device("veth2", { reason: "ForeignTcFilter" });
    assert.deepEqual(newRefusals([optedOut, foreign], [optedOut, changed]), [changed]);
  });
});
