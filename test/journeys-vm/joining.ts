import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineNode } from "../../infra/lab/lab-record.ts";
import { labMachines, labNodes, onNode } from "../journeys/lab-nodes.ts";
import type { KubeObject } from "../journeys/shapes.ts";
import type { Stage } from "../journeys/stage.ts";
import { withPrivilegedPod, type PrivilegedPod } from "../journeys/privileged-pod.ts";

const READY_MS_MAX = 60_000;
const WEB_PORT = 8080;

/** Prints each of the node's programs with its cgroup. */
const CGROUPS = `for name in containerd kubelet kube-proxy; do echo "$name $(cat /proc/$(pgrep -xo $name)/cgroup)"; done`;

/** Every tool that lists rules, of both backends; none of them needs a module that the machine has not. */
const LISTINGS = [
  ...["iptables-nft -S", "iptables-legacy -S", "ip6tables-nft -S", "ip6tables-legacy -S", "arptables-nft -L", "arptables-legacy -L"],
  ...["ebtables-nft -L", "ebtables-legacy -L", "nft list ruleset", "ipset list"],
];

/** What a virtual machine is as a node. */
export function joining(stage: Stage): void {
  test("a virtual machine is Ready within a minute, with the kernel that was asked for", async () => {
    for (const machine of labMachines(stage.stateDir)) {
      const { metadata, status } = await stage.cluster.get(`node/${machine.name}`);
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      const readyMs = Date.parse(ready?.lastTransitionTime ?? "") - Date.parse(metadata.creationTimestamp);
      process.stdout.write(`${machine.name}: Ready after ${readyMs / 1000} s\n`);
      assert.equal(ready?.status, "True");
      assert.ok(readyMs <= READY_MS_MAX, `${machine.name} was Ready after ${readyMs} ms`);
      assert.equal(status?.nodeInfo?.kernelVersion, machine.kernelRelease);
      assert.ok(machine.kernelRelease.startsWith(`${machine.series}.`), machine.kernelRelease);
    }
  });

  test("its pods are reached from other nodes and reach theirs, in both families", async () => {
    const [node] = labNodes(stage.stateDir);
    assert.ok(node);
    for (const machine of labMachines(stage.stateDir)) {
      for (const ip of await addressesOf(stage, "web", machine.name)) assert.equal(await onNode(node, ...asking(ip)), OK);
      const [client] = await podsOn(stage, "traffic", machine.name);
      assert.ok(client);
      const place = { namespace: "demo", name: client.metadata.name };
      for (const ip of await addressesOf(stage, "web", node.name))
        assert.deepEqual(await stage.cluster.exec(place, ...asking(ip)), { code: 0, stdout: OK, stderr: "" });
    }
  });

  test("its kernel refuses by BPF, its programs have cgroups of their own, and every tool for rules works", async () => {
    for (const machine of labMachines(stage.stateDir))
      await withPrivilegedPod(stage, { node: machine.name, name: "look-around" }, (pod) => lookAround(pod, machine));
  });
}

async function lookAround(pod: PrivilegedPod, machine: MachineNode): Promise<void> {
  const ask = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await pod.runOnNode("sh", "-c", command);
    assert.equal(code, 0, `${command} on ${machine.name}: ${stderr}`);
    return stdout.trim();
  };
  assert.ok((await ask("cat /sys/kernel/security/lsm")).split(",").includes("bpf"));
  assert.equal(await ask("stat -fc %T /sys/fs/cgroup"), "cgroup2fs");
  assert.deepEqual((await ask(CGROUPS)).split("\n"), [
    "containerd 0::/system.slice/containerd.service",
    "kubelet 0::/system.slice/kubelet.service",
    "kube-proxy 0::/system.slice/kube-proxy.service",
  ]);
  await ask(LISTINGS.map((listing) => `${listing} >/dev/null`).join(" && "));
  assert.match(await ask("iptables-save"), /-A FORWARD -d 168\.63\.129\.16\/32 -p tcp -m tcp --dport 80 -j DROP/);
}

const OK = "HTTP/1.1 200 OK\r\n";

/** A request without any tool but a shell. */
function asking(ip: string): string[] {
  const request = "GET /healthz HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n";
  return ["bash", "-ec", `exec 3<>/dev/tcp/${ip}/${WEB_PORT}; printf '${request}' >&3; head -n 1 <&3`];
}

async function addressesOf(stage: Stage, app: string, node: string): Promise<string[]> {
  const [pod] = await podsOn(stage, app, node);
  const addresses = pod?.status?.podIPs?.map(({ ip }) => ip) ?? [];
  assert.equal(addresses.length, 2, `a pod of ${app} on ${node} has an address of each family`);
  return addresses;
}

function podsOn(stage: Stage, app: string, node: string): Promise<readonly KubeObject[]> {
  return stage.cluster.list("pods", "--namespace", "demo", "--selector", `app=${app}`, "--field-selector", `spec.nodeName=${node}`);
}
