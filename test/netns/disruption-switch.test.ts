import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { NetworkNamespace } from "@hostrouting/bpf-loader";
import { DisruptionMeter } from "../../services/node-agent/src/disruption/disruption-meter.ts";
import { NodeDatapath, type Desired, type Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";
import { on, PORT, TwoNodes } from "./two-nodes.ts";

const OBJECTS = path.join(import.meta.dirname, "../../bpf/build");
const VERSION = "0123456789ab";
const FLOWS = 4;
/** A flow that ends as it should: a reset would be counted. */
const TO_POD = { protocol: "tcp", port: PORT, close: "fin" } as const;
const WATCHED_MS = 60_000;

describe("a switch that is measured", () => {
  let nodes: TwoNodes;
  let namespace: NetworkNamespace;
  let datapath: NodeDatapath;
  let aheadMs = 0;
  /** Only this node's pods: other tests' pods have the same addresses. */
  const podNamespaces = mkdtempSync(path.join(tmpdir(), "pod-namespaces-"));
  const now = (): bigint => process.hrtime.bigint() + BigInt(aheadMs) * 1_000_000n;

  const start = (): NodeDatapath => {
    const pinRoot = nodes.pinRoot(1);
    const disruption = new DisruptionMeter({
      pinRoot: `${pinRoot}-disruption`,
      version: VERSION,
      objectPath: path.join(OBJECTS, "disruption.bpf.o"),
      namespaces: podNamespaces,
      monotonicNs: now,
    });
    const objectPath = path.join(OBJECTS, "host_routing.bpf.o");
    const timing = { drainMs: 0, selfTestEveryMs: WATCHED_MS, monotonicNs: now };
    const made = namespace.run(() => new NodeDatapath({ pinRoot, version: VERSION, objectPath, hook: "tcx", disruption, ...timing }));
    made.setNodeAddresses(["10.200.0.1"]);
    made.setPods(
      ["a", "b"].map((name) => {
        const { v4, v6 } = nodes.pod(name);
        return { ...PLAIN_POD, name: `shop/${name}`, addresses: [v4, v6] };
      }),
    );
    return made;
  };
  const reconcile = (desired: Desired): Observation => namespace.run(() => datapath.reconcile(desired));

  before(async () => {
    nodes = new TwoNodes();
    namespace = NetworkNamespace.openNamed(nodes.netns("n1"));
    for (const pod of ["a", "b"]) symlinkSync(nodes.netns(pod), path.join(podNamespaces, pod));
    datapath = start();
    await startEcho(nodes, "b", PORT);
  });
  after(() => {
    stopTraffic();
    reconcile({ kind: "off", atOnce: true });
    datapath.close();
    namespace.close();
    nodes.close();
    rmSync(podNamespaces, { recursive: true });
  });

  const plans = (): FlowPlan[] =>
    Array.from({ length: FLOWS }, (_, index) => ({ ...TO_POD, name: `flow ${index}`, address: nodes.pod("b").v4 }));

  it("reports every flow that there was, both ends, and none disturbed", async () => {
    const flows = await startFlows(nodes, "a", plans());
    const { disruption } = reconcile(on(1, 1, { confirmed: false }));
    reconcile(on(1, 1));
    await flows.finish();
    const { report, fault } = reconcile(on(1, 1)).disruption ?? {};
    assert.equal(fault, undefined);
    assert.deepEqual({ step: disruption?.report?.step, flows: disruption?.report?.flowsAtSwitch }, { step: "On", flows: 2 * FLOWS });
    assert.deepEqual(
      { step: report?.step, disrupted: report?.disrupted, ratio: report?.disruptionRatio, byPod: report?.byPod },
      { step: "Confirm", disrupted: 0, ratio: 0, byPod: [] },
    );
  });

  it("names the pod whose connections were reset, also when another agent looks", async () => {
    reconcile({ kind: "off", atOnce: true });
    assert.equal(existsSync(`${nodes.pinRoot(1)}-disruption`), false, "nothing is left in the kernel");
    const flows = await startFlows(nodes, "a", plans());
    reconcile(on(2, 1));
    const rule = ["-p", "tcp", "-d", nodes.pod("b").v4, "-j", "REJECT", "--reject-with", "tcp-reset"];
    reject(["-I", "FORWARD", ...rule]);
    const broken = await flows.finish();
    reject(["-D", "FORWARD", ...rule]);
    datapath.close();
    datapath = start();
    const report = reconcile(on(2, 1)).disruption?.report;
    assert.equal(broken.filter(({ error }) => error !== null).length, FLOWS);
    assert.deepEqual(
      report?.byPod.find(({ pod }) => pod === "shop/a"),
      { pod: "shop/a", reset: FLOWS, timeout: 0, connectFailure: 0 },
    );
    // the other ends learn of it when they next send something, if they do
    assert.ok(report.disrupted >= FLOWS && report.disrupted <= 2 * FLOWS, `${report.disrupted} disrupted`);
  });

  it("has a report of the end after the programs are gone", () => {
    const { control, disruption } = reconcile({ kind: "off", atOnce: true });
    assert.equal(control, undefined);
    assert.deepEqual({ step: disruption?.report?.step, timeouts: disruption?.report?.byReason.timeout }, { step: "Detach", timeouts: 0 });
  });

  it("counts from the beginning of the next switch, for a minute after its last step", () => {
    reconcile(on(3, 1));
    datapath.close();
    datapath = start();
    aheadMs = WATCHED_MS;
    const over = reconcile(on(3, 1)).disruption?.report;
    assert.deepEqual({ step: over?.step, watchedSeconds: over?.watchedSeconds }, { step: "On", watchedSeconds: 60 });
    aheadMs += WATCHED_MS;
    assert.deepEqual(reconcile(on(3, 1)).disruption?.report, over);
  });

  function reject(rule: readonly string[]): void {
    execFileSync("ip", ["netns", "exec", `${nodes.id}-n1`, "iptables", ...rule], { timeout: 10_000 });
  }
});

const PLAIN_POD = { namespace: "shop", hostNetwork: false, hostPorts: [], optOut: undefined, bandwidthLimited: false, stay: undefined };
