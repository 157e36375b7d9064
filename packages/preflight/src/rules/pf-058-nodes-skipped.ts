import { anyDriver, failed, passed, unknown, warns, type Rule } from "../rule.ts";

/** PF-058: nodes that are not ready wait until they are; nodes that somebody cordoned come last and stay cordoned. */
export const nodesSkipped: Rule = {
  id: "PF-058",
  title: "Nodes ready and schedulable",
  severity: warns,
  drivers: anyDriver,
  remedy: "Repair the nodes that are not ready; uncordon the others when they are meant to run pods.",
  check(facts) {
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    const affected = facts.nodes.value.filter((node) => !node.ready || node.cordoned);
    if (affected.length === 0) return passed();
    return failed(
      "Some nodes are not ready or cordoned.",
      affected.map((node) => `node ${node.name}`),
      affected.map((node) => `${node.name}: ${node.ready ? "cordoned" : "not ready"}`).join("; "),
    );
  },
};
