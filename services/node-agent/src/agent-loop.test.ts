import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { it } from "node:test";
import type { HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";
import { createLogger } from "@hostrouting/runtime";
import { AgentLoop, type AgentDeps } from "./agent-loop.ts";

const MINUTE_MS = 60_000;
const ORDER = {
  nodeUID: "uid",
  bootID: "boot",
  bundleDigest: "sha256:1",
  generation: 1,
  fencingToken: 1,
  mode: "None",
  confirmSeconds: 60,
};
const NOTHING_SEEN = { control: undefined, devices: [], counters: zero(), switchedNow: false, handedOver: zeroFlows() };

function zero(): object {
  return { fromPod: {}, fromNet: {} };
}
function zeroFlows(): object {
  return { handedOver: 0, ended: 0, refused: 0, left: 0 };
}

it("goes on reporting, and looking at its Node, when the node's clock is set back", async (t) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), "agent-"));
  t.after(() => rmSync(stateDir, { recursive: true }));
  let now = Date.UTC(2026, 0, 2);
  const reports: HostRoutingNodeStatus[] = [];
  let looks = 0;
  const deps = {
    datapath: { control: () => undefined, reconcile: () => NOTHING_SEEN, setDenied: () => undefined, setNodeAddresses: () => undefined },
    canary: { observe: () => undefined, switchOver: () => undefined },
    probes: { look: () => ({ results: [], observedAt: "" }) },
    census: { observe: () => ({ state: "Unknown", message: "" }) },
    figures: { observe: () => ({ since: "" }) },
    order: () => ORDER as HostRoutingNodeSpec,
    config: () => ({}),
    readOwnNode: async () => (looks++, { uid: "uid", podRanges: [], addresses: ["192.0.2.1"], image: "" }),
    writeStatus: async (status: HostRoutingNodeStatus) => (reports.push(status), true),
    masquerade: () => ({
      wish: undefined,
      config: { config: undefined, digest: undefined, validity: { status: "Unknown", reason: "", message: "" } },
      why: [],
    }),
    rules: () => undefined,
    guard: { round: () => undefined, observe: () => ({ rung: "Lsm", mode: "Off" }) },
    news: { look: () => undefined },
    policies: () => ({ look: "NotInstalled", table: new Map(), policies: [], faults: [] }),
    podAddresses: () => [],
    facts: () => ({}),
    identity: { bootId: "boot", bundleDigest: "sha256:1", agentVersion: "1" },
    stateDir,
    statusIntervalMs: MINUTE_MS,
    clock: { now: () => now },
    logger: createLogger("test", "silent"),
  };
  const agent = new AgentLoop(deps as unknown as AgentDeps);
  await agent.round();
  now -= 8 * 60 * MINUTE_MS; // a clock that ran eight hours ahead is put right
  for (let minute = 0; minute < 10; minute += 1) {
    now += MINUTE_MS;
    await agent.round();
  }
  assert.deepEqual([reports.length, looks >= 2], [11, true]);
});
