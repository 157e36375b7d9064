import type { ClusterFacts } from "../facts.ts";
import { osOfNode, osOfSku, type NodeOs } from "../node-os.ts";
import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

type Subject = { readonly name: string; readonly os: NodeOs; readonly evidence: string };

/** Linux nodes by the best source that speaks; a node that says nothing falls back to its pool's SKU. */
function nodeSubjects(facts: ClusterFacts): readonly Subject[] {
  if (!facts.nodes.known) return [];
  return facts.nodes.value
    .filter((node) => node.os === "linux" || node.os === "")
    .map((node) => {
      const pool = facts.profile.pools.find((candidate) => candidate.name === node.pool);
      const said = osOfNode(node);
      const os = said === "Unknown" && pool !== undefined ? osOfSku(pool.osSku, pool.orchestratorVersion) : said;
      const release = node.agentOs && `${node.agentOs.id} ${node.agentOs.versionId}`;
      return { name: `node ${node.name}`, os, evidence: release ?? (node.osImage || node.osSkuEffective) };
    });
}

/** A pool is judged by its SKU only while it has no node that could tell better. */
function emptyPoolSubjects(facts: ClusterFacts): readonly Subject[] {
  const populated = new Set(facts.nodes.known ? facts.nodes.value.map((node) => node.pool) : []);
  return facts.profile.pools
    .filter((pool) => pool.osType === "Linux" && !populated.has(pool.name))
    .map((pool) => ({
      name: `pool ${pool.name}`,
      os: osOfSku(pool.osSku, pool.orchestratorVersion || facts.profile.kubernetesVersion),
      evidence: `osSKU ${pool.osSku}`,
    }));
}

/** PF-011: every Linux node runs Ubuntu 24.04 or Azure Linux 3.0. */
export const nodeOs: Rule = {
  id: "PF-011",
  title: "Supported node operating system",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Move the pools that are named to Ubuntu 24.04 (`Ubuntu2404`) or Azure Linux 3.0 (`AzureLinux3`).",
  check(facts) {
    const subjects = [...nodeSubjects(facts), ...emptyPoolSubjects(facts)];
    const unsupported = subjects.filter(({ os }) => os === "Unsupported");
    if (unsupported.length > 0)
      return failed(
        "Only Ubuntu 24.04 and Azure Linux 3.0 are supported.",
        unsupported.map(({ name }) => name),
        unsupported.map(({ name, evidence }) => `${name}: ${evidence}`).join("; "),
      );
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    const unread = subjects.filter(({ os }) => os === "Unknown");
    if (unread.length > 0) return unknown(`The operating system of ${unread.map(({ name }) => name).join(", ")} could not be read.`);
    return passed();
  },
};
