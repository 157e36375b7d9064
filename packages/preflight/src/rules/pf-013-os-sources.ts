import type { ClusterFacts, NodeFacts } from "../facts.ts";
import { osOfImage, osOfRelease, osOfSku, type NodeOs } from "../node-os.ts";
import { anyDriver, failed, passed, unknown, warns, type Rule } from "../rule.ts";

/** What each source says of a node; those that say nothing are left out. */
function sources(node: NodeFacts, { profile }: ClusterFacts): readonly (readonly [source: string, os: NodeOs])[] {
  const pool = profile.pools.find((candidate) => candidate.name === node.pool);
  const said = [
    ["os-release", osOfRelease(node.agentOs)],
    ["osImage", osOfImage(node.osImage)],
    ["os-sku-effective", osOfSku(node.osSkuEffective, node.kubeletVersion)],
    ["pool's osSKU", pool === undefined ? "Unknown" : osOfSku(pool.osSku, pool.orchestratorVersion || profile.kubernetesVersion)],
  ] as const;
  return said.filter(([, os]) => os !== "Unknown");
}

/** PF-013: the node itself, its image, its label and its pool name the same operating system. Where they do not, PF-011 believes the node. */
export const osSources: Rule = {
  id: "PF-013",
  title: "Sources agree on the operating system",
  severity: warns,
  drivers: anyDriver,
  remedy: "Upgrade the node image of the pools (`az aks nodepool upgrade --node-image-only`), so that nodes are what their pool says.",
  check(facts) {
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    const read = facts.nodes.value.filter(({ os }) => os === "linux" || os === "").map((node) => ({ node, said: sources(node, facts) }));
    const split = read.filter(({ said }) => new Set(said.map(([, os]) => os)).size > 1);
    if (split.length > 0)
      return failed(
        "They do not agree.",
        split.map(({ node }) => `node ${node.name}`),
        split.map(({ node, said }) => `${node.name}: ${said.map(([source, os]) => `${source} ${os}`).join(", ")}`).join("; "),
      );
    const silent = read.filter(({ said }) => said.length === 0);
    return silent.length === 0 ? passed() : unknown(`Nothing tells what ${silent.map(({ node }) => node.name).join(", ")} runs.`);
  },
};
