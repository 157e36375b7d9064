import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Logger } from "@hostrouting/runtime";
import type { Regarding } from "../events/telling.ts";
import { GuardKeeper, type GuardPod } from "./guard-keeper.ts";
import type { Attempt } from "./guard-layout.ts";
import { fakeGuardKernel, type FakeGuardKernel } from "./testing/fake-guard-kernel.ts";

const CONTAINER = "0123456789abcdef".repeat(4);
const UID = "00000001-1111-2222-3333-444444444444";
const node: Regarding = { kind: "Node", name: "n1", uid: "node-uid" };
const nothing = (): void => undefined;
const ROUND = { order: { mode: "BpfVeth" }, config: {}, datapathPresent: false } as const;
const cart: GuardPod = {
  uid: UID,
  namespace: "shop",
  name: "shop/cart",
  serviceAccount: "default",
  controller: undefined,
  containerIds: [],
};

const folders: string[] = [];
const keepers: GuardKeeper[] = [];
after(() => {
  for (const keeper of keepers) keeper.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

type Kept = {
  readonly keeper: GuardKeeper;
  readonly kernel: FakeGuardKernel;
  readonly cgroups: string;
  pods: readonly GuardPod[] | undefined;
  scan: { startedAt: number; clean: boolean } | undefined;
};

/**
 * A keeper whose node is a kernel and cgroups of the test's. What it has done to the rules' watch is in the kernel's log as well.
 * @param adopts whether an earlier agent has left a guard
 */
function kept(adopts = false): Kept {
  const cgroups = mkdtempSync(path.join(tmpdir(), "cgroups-"));
  folders.push(cgroups);
  const fake = fakeGuardKernel();
  const kernel = adopts ? Object.assign(fake, { adopt: fake.left }) : fake;
  const keeper = new GuardKeeper({
    pinRoot: path.join(cgroups, "no-such-pins"),
    version: "1",
    objects: "",
    cgroups,
    transientUnits: path.join(cgroups, "no-such-units"),
    pods: () => life.pods,
    lastScan: () => life.scan,
    lookAtRules: nothing,
    lookAtRulesNow: () => kernel.log.push("scan"),
    onNews: nothing,
    now: () => 0,
    logger: { info: nothing, warn: nothing, error: nothing, debug: nothing } as unknown as Logger,
    kernel,
    findMount: (prefix) => prefix,
  });
  keepers.push(keeper);
  assert.equal(keeper.rung(), "Lsm"); // as the agent asks before its first round
  kernel.log.length = 0;
  const life: Kept = { keeper, kernel, cgroups, pods: [], scan: undefined };
  return life;
}

describe("switching a node on", () => {
  it("is attach in audit, scan, enforce, and only then the datapath", () => {
    const life = kept();
    life.scan = { startedAt: performance.now(), clean: true }; // of before the guard
    assert.match(life.keeper.round(ROUND) ?? "", /rules are being read once more/);
    assert.equal(life.kernel.settings.mode, "Audit");
    assert.match(life.keeper.round(ROUND) ?? "", /rules are being read once more/);
    life.scan = { startedAt: performance.now(), clean: false };
    assert.match(life.keeper.round(ROUND) ?? "", /rules are being read once more/);
    life.scan = { startedAt: performance.now(), clean: true };
    assert.equal(life.keeper.round(ROUND), undefined);
    assert.deepEqual(life.kernel.log, ["load", "trial", "scan", "Enforce"]);
  });

  it("waits for the node's pods, since the cluster's own writers are among them", () => {
    const life = kept();
    life.pods = undefined;
    life.keeper.round(ROUND);
    life.scan = { startedAt: performance.now(), clean: true };
    assert.match(life.keeper.round(ROUND) ?? "", /list of this node's pods/);
    assert.equal(life.kernel.settings.mode, "Audit");
    life.pods = [];
    assert.equal(life.keeper.round(ROUND), undefined);
    assert.equal(life.kernel.settings.mode, "Enforce");
  });
});

describe("an agent that takes a guard over", () => {
  it("takes nobody's permit away before the node's pods are known", () => {
    const life = kept(true);
    const folder = path.join(life.cgroups, `kubepods/pod${UID}`);
    mkdirSync(folder, { recursive: true });
    const proxy = { ...cart, namespace: "kube-system", name: "kube-system/kube-proxy-x", serviceAccount: "kube-proxy" };
    const cgroup = statSync(folder, { bigint: true }).ino;
    const permits = (): typeof life.kernel.permits => life.kernel.permits;
    life.pods = undefined;
    life.keeper.round({ order: undefined, config: undefined, datapathPresent: true });
    life.keeper.followWriters();
    assert.equal(permits(), undefined, "what the earlier agent wrote stays");
    life.pods = [{ ...proxy, controller: { kind: "DaemonSet", name: "kube-proxy" } }];
    life.keeper.followWriters();
    assert.equal(permits()?.get(cgroup)?.permitted, true);
  });

  it("gives signs of life all the same", () => {
    const life = kept(true);
    life.pods = undefined;
    life.keeper.followWriters();
    assert.ok(life.kernel.settings.heartbeatNs > 0n);
  });
});

describe("whose attempt it was", () => {
  const attemptOf = (changes: Partial<Attempt>): Attempt => ({
    ...{ atNs: 0n, cgroup: 0n, executable: { inode: 1n, device: 1n }, executableName: "nft", pid: 7, parentPid: 1, uid: 0 },
    ...{ command: "nft", parentCommand: "sh", cgroupName: "", netns: 1, taskNetns: 1, kind: "Iptables", verdict: "Denied" },
    ...{ why: "KnownWriter", messageType: 0, messageIndex: 0, messageLength: 0, message: Buffer.alloc(0) },
    ...changes,
  });
  /** Who is named by the Events of one attempt. */
  const told = ({ keeper, kernel }: Kept, changes: Partial<Attempt>): [about: string, where: string] => {
    kernel.attempt(attemptOf(changes));
    const tellings = keeper.tellings(node);
    const about = tellings.map(({ regarding }) => `${regarding.kind} ${regarding.name}`).join(", ");
    return [about, /, in (.*?), wanted/.exec(tellings[0]?.note ?? "")?.[1] ?? ""];
  };
  const inCgroup = (life: Kept): { cgroup: bigint; folder: string } => {
    const folder = path.join(life.cgroups, `kubepods/pod${UID}/${CONTAINER}`);
    mkdirSync(folder, { recursive: true });
    life.pods = [cart];
    life.keeper.round(ROUND);
    return { folder, cgroup: statSync(folder, { bigint: true }).ino };
  };

  it("is found by the cgroup, with the container", () => {
    const life = kept();
    const { cgroup } = inCgroup(life);
    assert.deepEqual(told(life, { cgroup, cgroupName: CONTAINER }), ["Pod cart, Node n1", "pod shop/cart, container 0123456789abc"]);
  });

  it("is still the pod's when it and its cgroup are gone", () => {
    const life = kept();
    const { cgroup, folder } = inCgroup(life);
    rmSync(folder, { recursive: true });
    life.pods = [];
    life.keeper.round(ROUND);
    assert.deepEqual(told(life, { cgroup }), ["Pod cart, Node n1", "pod shop/cart, container 0123456789abc"]);
  });

  it("of a container whose cgroup nobody saw is found by its id", () => {
    const life = kept();
    life.pods = [{ ...cart, containerIds: [CONTAINER] }];
    life.keeper.round(ROUND);
    const cgroupName = `cri-containerd-${CONTAINER}.scope`;
    assert.deepEqual(told(life, { cgroup: 99n, cgroupName }), ["Pod cart, Node n1", "pod shop/cart, container 0123456789abc"]);
  });

  it("of a service is the node's", () => {
    const life = kept();
    life.keeper.round(ROUND);
    assert.deepEqual(told(life, { cgroup: 98n, cgroupName: "sshd.service" }), ["Node n1", "cgroup sshd.service"]);
  });
});
