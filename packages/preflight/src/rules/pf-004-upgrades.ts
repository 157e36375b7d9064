import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-004: no upgrade of nodes is under way, and none has left nodes behind that it could not drain. Pools that say so themselves are PF-002's. */
export const upgrades: Rule = {
  id: "PF-004",
  title: "No upgrade of nodes",
  severity: blocks,
  drivers: anyDriver,
  remedy: "End the upgrade: find out what kept the nodes from being drained, upgrade the pool again or delete them, then try again.",
  check({ nodes }) {
    if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
    const marked = nodes.value.filter(({ upgradeStatus }) => upgradeStatus !== "");
    if (marked.length === 0) return passed();
    return failed(
      "An upgrade has marked nodes.",
      marked.map(({ name }) => `node ${name}`),
      marked.map(({ name, upgradeStatus }) => `${name}: kubernetes.azure.com/upgrade-status: ${upgradeStatus}`).join("; "),
    );
  },
};
