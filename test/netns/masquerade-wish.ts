import type { MasqueradeWish } from "../../services/node-agent/src/masquerade/kernel-masquerade.ts";
import { NODE_PORTS_DEFAULT } from "../../services/node-agent/src/masquerade/port-ranges.ts";

/** Masquerading as the rules of this topology's nodes have it: everything but the nodes' and the pods' own ranges. */
export function masqueradeWish(changes: Partial<MasqueradeWish> = {}): MasqueradeWish {
  const outside: MasqueradeWish["outside"] = {
    native: ["10.200.0.0/16", "fd00:200::/32"],
    doubtful: [],
    service: [],
    families: [4, 6],
  };
  return { enabled: true, outside, nodePorts: NODE_PORTS_DEFAULT, hostPorts: [], ...changes };
}
