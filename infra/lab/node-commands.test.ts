import assert from "node:assert/strict";
import { test } from "node:test";
import { planLab, planMachine, planNode } from "./lab-plan.ts";
import { KUBE_PROXY_MODES, nodeCommand, parseKubeProxyMode } from "./node-commands.ts";

const lab = planLab("/tmp/none");

test("kube-proxy of every kind of node is told the lab's mode", () => {
  for (const node of [planNode(lab, 1), planMachine(lab, 2, "6.12")])
    for (const kubeProxyMode of KUBE_PROXY_MODES) {
      const modes = nodeCommand({ node, kubeProxyMode }, "kube-proxy").filter((word) => word.startsWith("--proxy-mode"));
      assert.deepEqual(modes, [`--proxy-mode=${kubeProxyMode}`]);
    }
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
