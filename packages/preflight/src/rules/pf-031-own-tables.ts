import { overTold } from "../reporting-nodes.ts";
import { blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-031: nobody has nftables of their own in the way of pods' packets. PF-030 names every such rule; this one says where a table has to go. */
export const ownTables: Rule = {
  id: "PF-031",
  title: "No nftables of somebody's own",
  severity: blocks,
  drivers: ["bundle"],
  remedy:
    "Stop what writes the tables that are named, remove them (`nft delete table FAMILY TABLE`), and say the same with a network policy.",
  check(facts) {
    return overTold(
      facts,
      ({ scan }) => scan,
      (told) => {
        const found = told.filter(({ said }) => said.ownTables.length > 0);
        if (found.length > 0)
          return failed(
            "Tables of nftables would be passed by.",
            found.map(({ node }) => `node ${node}`),
            found.map(({ node, said }) => `${node}: ${said.ownTables.join(", ")}`).join("; "),
          );
        const unread = told.filter(({ said }) => said.unread !== undefined);
        return unread.length === 0 ? passed() : unknown(unread.map(({ node, said }) => `Node ${node}: ${said.unread}`).join(" "));
      },
    );
  },
};
