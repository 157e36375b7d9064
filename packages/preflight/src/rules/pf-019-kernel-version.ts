import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";
import { isAtLeast, parseMinorVersion } from "../version.ts";

/** The first kernel with `bpf_redirect_peer` and `bpf_redirect_neigh` (bpf-helpers(7); both came with 5.10). */
const OLDEST = { major: 5, minor: 10 };

/** PF-019: every Linux node's kernel has the helpers of host routing. */
export const kernelVersion: Rule = {
  id: "PF-019",
  title: "Linux 5.10 or newer",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy: "Upgrade the node image of the pools that the nodes are in.",
  check({ nodes }) {
    if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
    const read = nodes.value
      .filter(({ os }) => os === "linux" || os === "")
      .map(({ name, kernelVersion: version }) => ({ name, version, minor: parseMinorVersion(version) }));
    const old = read.filter(({ minor }) => minor !== undefined && !isAtLeast(minor, OLDEST));
    if (old.length > 0)
      return failed(
        "Older kernels lack the helpers of host routing.",
        old.map(({ name }) => `node ${name}`),
        old.map(({ name, version }) => `${name}: ${version}`).join("; "),
      );
    const unread = read.filter(({ minor }) => minor === undefined);
    return unread.length === 0 ? passed() : unknown(`The kernel of ${unread.map(({ name }) => name).join(", ")} could not be read.`);
  },
};
