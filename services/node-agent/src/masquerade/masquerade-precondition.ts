import type { Precondition } from "../preconditions/judge-preconditions.ts";
import type { NodeFacts } from "../report/node-facts.ts";
import { contains } from "./address-classes.ts";
import type { MasqueradeConfig } from "./masquerade-config.ts";

/** What is judged: the configuration that counts, undefined while there is none, and the cluster's pod ranges, undefined until they are known. */
export type MasqueradeRanges = { config: MasqueradeConfig | undefined; podRanges: readonly string[] | undefined };

/** Whether pods keep their addresses towards one another, and towards their node's link-local services. Pure. */
export function masqueradePrecondition({ config, podRanges }: MasqueradeRanges): Precondition {
  const name = "MasqueradeRanges";
  if (config === undefined || podRanges === undefined)
    return { name, outcome: "Unknown", message: "The masquerade configuration, or the pods' ranges, are not known." };
  const bare = podRanges.filter((range) => !config.ranges.some((kept) => contains(kept, range)));
  const faults = [
    ...(bare.length === 0 ? [] : [`Pods' own ranges are masqueraded: ${bare.join(", ")}.`]),
    ...(config.linkLocal || config.linkLocalV6 ? ["Link-local addresses are masqueraded."] : []),
  ];
  return { name, outcome: faults.length === 0 ? "Passed" : "Failed", message: faults.join(" ") };
}

/** Facts with this answer among the others, once there are others. */
export function withMasqueradeRanges(facts: NodeFacts, ranges: MasqueradeRanges): NodeFacts {
  const { preconditions } = facts;
  return preconditions === undefined ? facts : { ...facts, preconditions: [...preconditions, masqueradePrecondition(ranges)] };
}
