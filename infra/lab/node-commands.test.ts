import assert from "node:assert/strict";
import { test } from "node:test";
import { LAB_NETWORK, planLab, planMachine, planNode, type ServiceRanges } from "./lab-plan.ts";
import { KUBE_PROXY_MODES, nodeCommand, parseKubeProxyMode } from "./node-commands.ts";

const lab = planLab("/tmp/none");

test("kube-proxy of every kind of node is told the lab's mode", () => {
  for (const node of [planNode(lab, 1), planMachine(lab, 2, "6.12")])
    for (const kubeProxyMode of KUBE_PROXY_MODES) {
      const modes = nodeCommand({ node, kubeProxyMode, serviceCidrs: LAB_NETWORK.serviceCidrs }, "kube-proxy").filter((word) =>
        word.startsWith("--proxy-mode"),
      );
      assert.deepEqual(modes, [`--proxy-mode=${kubeProxyMode}`]);
    }
});

test("a node of a cluster that knows IPv4 only tells nobody of IPv6", () => {
  const words = (serviceCidrs: ServiceRanges): string =>
    (["kubelet", "kube-proxy"] as const)
      .flatMap((program) => nodeCommand({ node: planNode(lab, 1), kubeProxyMode: "iptables", serviceCidrs }, program))
      .filter((word) => /^--(node-ip|cluster-cidr)=/.test(word))
      .join(" ");
  assert.equal(words(["10.0.0.0/16"]), "--node-ip=10.240.0.12 --cluster-cidr=10.244.0.0/16");
  assert.equal(words(LAB_NETWORK.serviceCidrs), "--node-ip=10.240.0.12,fd00:240::12 --cluster-cidr=10.244.0.0/16,fd00:244::/48");
});

test("a mode is one of two, as kube-proxy writes them", () => {
  assert.deepEqual(["iptables", "nftables", "ipvs", "", "NFTABLES"].map(parseKubeProxyMode), [
    "iptables",
    "nftables",
    undefined,
    undefined,
    undefined,
  ]);
});
