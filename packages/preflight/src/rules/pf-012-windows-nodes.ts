import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-012: no Windows pool and no Windows node. */
export const windowsNodes: Rule = {
  id: "PF-012",
  title: "No Windows nodes",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Host routing is for Linux nodes only: remove the Windows pools or leave host routing off.",
  check(facts) {
    const pools = facts.profile.pools.filter((pool) => pool.osType === "Windows").map((pool) => `pool ${pool.name}`);
    const nodes = (facts.nodes.known ? facts.nodes.value : []).filter((node) => node.os === "windows").map((node) => `node ${node.name}`);
    const found = [...pools, ...nodes];
    if (found.length > 0) return failed("Windows is in use.", found, found.join("; "));
    return facts.nodes.known ? passed() : unknown(`The nodes could not be read: ${facts.nodes.because}`);
  },
};
