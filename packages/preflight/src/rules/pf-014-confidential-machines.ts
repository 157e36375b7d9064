import { isConfidentialSize } from "../confidential-size.ts";
import type { ClusterFacts } from "../facts.ts";
import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

type Sized = { readonly name: string; readonly pool: string; readonly sizes: readonly string[] };

/** Pools, and nodes by their own label: a pool of the resource may say nothing. */
function sized({ profile, nodes }: ClusterFacts): { readonly pools: readonly Sized[]; readonly nodes: readonly Sized[] } {
  return {
    pools: profile.pools.map(({ name, vmSizes }) => ({ name: `pool ${name}`, pool: name, sizes: vmSizes })),
    nodes: (nodes.known ? nodes.value : []).map(({ name, pool, instanceType }) => {
      return { name: `node ${name}`, pool, sizes: instanceType === "" ? [] : [instanceType] };
    }),
  };
}

/** PF-014: no confidential VMs. */
export const confidentialMachines: Rule = {
  id: "PF-014",
  title: "No confidential VMs",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Move what runs on the pools that are named to another cluster, or leave host routing off in this one.",
  check(facts) {
    const { pools, nodes } = sized(facts);
    const found = [...pools, ...nodes].filter(({ sizes }) => sizes.some(isConfidentialSize));
    if (found.length > 0)
      return failed(
        "Confidential VMs are in use.",
        found.map(({ name }) => name),
        found.map(({ name, sizes }) => `${name}: ${sizes.join(", ")}`).join("; "),
      );
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    const told = new Set([...pools, ...nodes].filter(({ sizes }) => sizes.length > 0).map(({ pool }) => pool));
    const silent = [...pools, ...nodes].filter(({ pool }) => !told.has(pool));
    return silent.length === 0 ? passed() : unknown(`The VM size of ${silent.map(({ name }) => name).join(", ")} could not be read.`);
  },
};
