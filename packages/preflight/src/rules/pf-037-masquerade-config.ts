import { overTold } from "../reporting-nodes.ts";
import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-037: ip-masq-agent's configuration can be read as a whole, by every agent; what it means would be anybody's guess otherwise. */
export const masqueradeConfig: Rule = {
  id: "PF-037",
  title: "Masquerade configuration",
  severity: blocks,
  drivers: ["bundle"],
  remedy: "Correct the config map that is named (`azure-ip-masq-agent-config` in kube-system).",
  check(facts) {
    return overTold(
      facts,
      ({ masqueradeConfig: said }) => said,
      (told) => {
        const invalid = told.filter(({ said }) => said.status === "False");
        if (invalid.length > 0)
          return failed(
            "It is invalid.",
            invalid.map(({ node }) => `node ${node}`),
            [...new Set(invalid.map(({ said }) => said.message))].join("; "),
          );
        const unread = told.filter(({ said }) => said.status === "Unknown");
        return unread.length === 0 ? passed() : unknown(unread.map(({ node, said }) => `Node ${node}: ${said.message}`).join(" "));
      },
    );
  },
};
