import { overTold } from "../reporting-nodes.ts";
import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-057: every node can get the bundle's image, and its runtime takes it. Asked once the bundle is being installed. */
export const bundleImage: Rule = {
  id: "PF-057",
  title: "The bundle's image",
  severity: blocks,
  drivers: ["bundle"],
  remedy:
    "Make the image of this digest reachable for the nodes (a network-isolated cluster needs it in its own registry), or correct its name or signature.",
  check(facts) {
    return overTold(
      facts,
      ({ bundleImage: said }) => said,
      (told) => {
        const refused = told.filter(({ said }) => said.state === "Refused");
        if (refused.length > 0)
          return failed(
            "Nodes refuse it.",
            refused.map(({ node }) => `node ${node}`),
            [...new Set(refused.map(({ said }) => said.message))].join("; "),
          );
        // A pull is tried again by the kubelet: registries that are away for a moment fail nothing.
        const missing = told.filter(({ said }) => said.state === "NotPulled");
        return missing.length === 0 ? passed() : unknown(missing.map(({ node, said }) => `Node ${node}: ${said.message}`).join(" "));
      },
    );
  },
};
