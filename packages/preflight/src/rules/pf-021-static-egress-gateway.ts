import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-021: the Static Egress Gateway is not in use; it relies on host rules that host routing bypasses. */
export const staticEgressGateway: Rule = {
  id: "PF-021",
  title: "No Static Egress Gateway",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Disable the Static Egress Gateway and remove its gateway pools first.",
  check(facts) {
    const pools = facts.profile.pools.filter((pool) => pool.mode === "Gateway").map((pool) => `pool ${pool.name}`);
    const found = [...(facts.profile.staticEgressGateway ? ["staticEgressGatewayProfile"] : []), ...pools];
    if (found.length > 0) return failed("It is in use.", found, found.join("; "));
    return facts.profile.networkPlugin === "" ? unknown("The resource has no network profile.") : passed();
  },
};
