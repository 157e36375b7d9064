import { blocks, failed, needsAgent, passed, unknown, type Rule } from "../rule.ts";

/**
 * PF-017: where host routing is on, the kernel lets the guard refuse rules of the packet filter, which pods' packets would pass by. What a
 * kernel allows is its agent's to find out; a node whose agent says nothing (one of an earlier version, or none yet) is not judged.
 */
export const guardRung: Rule = {
  id: "PF-017",
  title: "The node's kernel lets the guard refuse rules",
  severity: blocks,
  drivers: ["bundle"],
  remedy:
    "Use a node image whose kernel has BPF LSM in its list of security modules, or one that allows fmod_ret programs; " +
    "or accept rules that are reported only, with an override that has a reason and an end (`rolloutPolicy.preflightOverrides`).",
  overridable: "Standing",
  check({ nodes }) {
    if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
    const told = nodes.value.filter(({ guardRung: rung }) => rung !== undefined);
    if (told.length === 0) return needsAgent("No agent has said how its node's kernel can refuse rules.");
    const toothless = told.filter(({ guardRung: rung }) => rung === "Audit" || rung === "Unsupported");
    if (toothless.length === 0) return passed();
    return failed(
      "Rules that host routing would pass by cannot be refused.",
      toothless.map(({ name }) => `node ${name}`),
      toothless.map(({ name, guardRung: rung }) => `${name}: ${rung}`).join("; "),
    );
  },
};
