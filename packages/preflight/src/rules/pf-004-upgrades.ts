import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";
import { upgradedNodes } from "../upgrade-signs.ts";

/** PF-004: no upgrade of nodes is under way, and none has left nodes behind that it could not drain. Pools that say so themselves are PF-002's. */
export const upgrades: Rule = {
  id: "PF-004",
  title: "No upgrade of nodes",
  severity: blocks,
  drivers: anyDriver,
  remedy: "End the upgrade: find out what kept the nodes from being drained, upgrade the pool again or delete them, then try again.",
  check({ nodes }) {
    if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
    const signs = upgradedNodes(nodes.value);
    if (signs.length === 0) return passed();
    return failed(
      "An upgrade has marked nodes, or nodes of one pool differ in version.",
      signs.map(({ subject }) => subject),
      signs.map(({ evidence }) => evidence).join("; "),
    );
  },
};
