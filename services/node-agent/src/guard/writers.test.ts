import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findCgroupMount, type Cgroup } from "./cgroup-tree.ts";
import { containerIdOf, decideWriters, podUidOf, type WriterPod } from "./writers.ts";

const uidOf = (n: number): string => `0000000${n}-1111-2222-3333-444444444444`;
const pod = (n: number, changes: Partial<WriterPod> = {}): WriterPod => ({
  uid: uidOf(n),
  namespace: "shop",
  name: "cart",
  serviceAccount: "default",
  controller: { kind: "ReplicaSet", name: "cart" },
  ...changes,
});
const system = (n: number, daemonSet: string, changes: Partial<WriterPod> = {}): WriterPod =>
  pod(n, { namespace: "kube-system", serviceAccount: daemonSet, controller: { kind: "DaemonSet", name: daemonSet }, ...changes });

describe("who may write rules", () => {
  const agent = pod(9, {
    namespace: "acns-hostrouting",
    serviceAccount: "hostrouting-agent",
    controller: { kind: "DaemonSet", name: "hostrouting-agent" },
  });
  const pods = [
    pod(1),
    system(2, "kube-proxy"),
    system(3, "kube-proxy", { namespace: "shop" }),
    system(4, "kube-proxy", { serviceAccount: "other" }),
    system(5, "kube-proxy", { controller: { kind: "Job", name: "kube-proxy" } }),
    system(6, "azure-ip-masq-agent"),
    system(7, "kube-proxy", { controller: undefined }),
    agent,
  ];
  const transientUnits = new Set(["waagent.service"]);
  const cases: [path: string, expected: "may" | "may not" | "within its scope" | "not known"][] = [
    [`/kubepods/burstable/pod${uidOf(1)}`, "may not"],
    [`/kubepods/pod${uidOf(2)}`, "may"],
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uidOf(2).replaceAll("-", "_")}.slice`, "may"],
    [`/kubepods/pod${uidOf(3)}`, "may not"],
    [`/kubepods/pod${uidOf(4)}`, "may not"],
    [`/kubepods/pod${uidOf(5)}`, "may not"],
    [`/kubepods/pod${uidOf(6)}`, "within its scope"],
    [`/kubepods/pod${uidOf(7)}`, "may not"],
    [`/kubepods/pod${uidOf(8)}`, "not known"],
    [`/kubepods/pod${uidOf(9)}`, "may"],
    [`/kubepods/pod${uidOf(1)}/0123abcd`, "not known"],
    ["/system.slice/kubelet.service", "may"],
    ["/system.slice/containerd.service", "may"],
    ["/system.slice/sshd.service", "may not"],
    ["/system.slice/waagent.service", "may not"],
    ["/system.slice/run-r1234.scope", "may not"],
    ["/system.slice/kubelet.service/kubelet.service", "not known"],
    ["/lab/system.slice/kubelet.service", "not known"],
    ["/user.slice", "may not"],
    ["/kubepods", "not known"],
  ];
  for (const [path, expected] of cases)
    it(`${path}: ${expected}`, () => {
      const { permits } = decideWriters({ cgroups: [{ path, id: 7n }], pods, transientUnits });
      const permit = permits.get(7n);
      const found = permit ? (permit.permitted ? (permit.scope > 0 ? "within its scope" : "may") : "may not") : "not known";
      assert.equal(found, expected);
    });

  it("services beside this node's pods may write, those of another node on the same machine may not", () => {
    const paths = [
      `/lab/one/kubepods/burstable/pod${uidOf(1)}`,
      "/lab/one/system.slice/kube-proxy.service",
      `/lab/two/kubepods/burstable/pod${uidOf(8)}`,
      "/lab/two/system.slice/kube-proxy.service",
      `/lab/one/kubepods/burstable/pod${uidOf(1)}/kubepods/pod${uidOf(1)}`,
      `/lab/one/kubepods/burstable/pod${uidOf(1)}/system.slice/kubelet.service`,
    ];
    const { permits } = decideWriters({ cgroups: paths.map((path, index) => ({ path, id: BigInt(index) })), pods, transientUnits });
    assert.deepEqual(
      paths.map((_, index) => permits.get(BigInt(index))?.permitted),
      [false, true, undefined, undefined, false, undefined],
    );
  });

  it("the scope is that of the masquerade rules, and of nobody else's", () => {
    const { permits, scopes } = decideWriters({ cgroups: [{ path: `/kubepods/pod${uidOf(6)}`, id: 1n }], pods, transientUnits });
    const scope = permits.get(1n)?.scope ?? 0;
    assert.deepEqual(scopes, [
      { scope, family: 2, table: "nat", chain: "IP-MASQ-AGENT" },
      { scope, family: 2, table: "nat", chain: "POSTROUTING" },
      { scope, family: 10, table: "nat", chain: "IP-MASQ-AGENT" },
      { scope, family: 10, table: "nat", chain: "POSTROUTING" },
    ]);
  });
});

describe("cgroups", () => {
  it("belong to the pod that they are in, also a static one", () => {
    const paths: [Cgroup["path"], string | undefined][] = [
      [`/kubepods/burstable/pod${uidOf(1)}/abc`, uidOf(1)],
      [`/kubepods.slice/kubepods-pod${uidOf(1).replaceAll("-", "_")}.slice/cri-containerd-abc.scope`, uidOf(1)],
      [`/kubepods/pod${"0123456789abcdef".repeat(2)}`, "0123456789abcdef".repeat(2)],
      ["/system.slice/podman.service", undefined],
    ];
    for (const [path, uid] of paths) assert.equal(podUidOf(path), uid, path);
  });

  it("name the container that they are, or are in", () => {
    const id = "0123456789abcdef".repeat(4);
    const paths: [path: string, expected: string | undefined][] = [
      [`/kubepods/pod${uidOf(1)}/${id}`, id],
      [`/kubepods/pod${uidOf(1)}/${id}/inner`, id],
      [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope/init`, id],
      [`cri-containerd-${id}.scope`, id],
      [id, id],
      [`${id}0`, undefined],
      ["kubelet.service", undefined],
    ];
    for (const [path, expected] of paths) assert.equal(containerIdOf(path), expected, path);
  });

  it("are looked for where the v2 hierarchy is, on hybrid hosts below the others", () => {
    const v2 = "30 23 0:26 / /host/cgroup rw shared:4 - cgroup2 cgroup2 rw";
    const own = "31 23 0:26 /pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
    const hybrid = ["30 23 0:26 / /host/cgroup rw - tmpfs tmpfs rw", "31 30 0:27 / /host/cgroup/cpu rw - cgroup cgroup rw,cpu"];
    assert.equal(findCgroupMount([own, v2].join("\n"), "/host/cgroup"), "/host/cgroup");
    const unified = "32 30 0:28 / /host/cgroup/unified rw - cgroup2 cgroup rw";
    assert.equal(findCgroupMount([...hybrid, unified].join("\n"), "/host/cgroup"), "/host/cgroup/unified");
    assert.equal(findCgroupMount([...hybrid, own].join("\n"), "/host/cgroup"), undefined);
  });
});
