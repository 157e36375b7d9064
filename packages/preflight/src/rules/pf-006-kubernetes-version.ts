import type { ClusterFacts } from "../facts.ts";
import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";
import { isAtLeast, parseMinorVersion } from "../version.ts";

/** The first Kubernetes minor on which AKS offers host routing. */
const OLDEST = { major: 1, minor: 33 };

function versions(facts: ClusterFacts): readonly (readonly [subject: string, version: string])[] {
  const nodes = facts.nodes.known ? facts.nodes.value : [];
  return [
    ["control plane", facts.profile.kubernetesVersion],
    ...(facts.serverVersion.known ? ([["API server", facts.serverVersion.value]] as const) : []),
    ...facts.profile.pools.map((pool) => [`pool ${pool.name}`, pool.orchestratorVersion || facts.profile.kubernetesVersion] as const),
    ...nodes.map((node) => [`node ${node.name}`, node.kubeletVersion] as const),
  ];
}

/** PF-006: Kubernetes 1.33 or newer on the control plane, on every pool and on every kubelet. */
export const kubernetesVersion: Rule = {
  id: "PF-006",
  title: "Kubernetes 1.33 or newer",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Upgrade the control plane and the pools that are named to 1.33 or newer.",
  check(facts) {
    const read = versions(facts).map(([subject, version]) => ({ subject, version, minor: parseMinorVersion(version) }));
    const old = read.filter(({ minor }) => minor !== undefined && !isAtLeast(minor, OLDEST));
    if (old.length > 0)
      return failed(
        "Older versions are in use.",
        old.map(({ subject }) => subject),
        old.map(({ subject, version }) => `${subject}: ${version}`).join("; "),
      );
    const unread = read.filter(({ minor }) => minor === undefined);
    if (unread.length > 0) return unknown(`The version of ${unread.map(({ subject }) => subject).join(", ")} could not be read.`);
    if (!facts.serverVersion.known) return unknown(`The API server's version could not be read: ${facts.serverVersion.because}`);
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    return passed();
  },
};
