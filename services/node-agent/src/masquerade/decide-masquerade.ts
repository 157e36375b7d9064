import type { HostPort } from "../pods/node-pod.ts";
import { addressClasses, type ClusterRanges } from "./address-classes.ts";
import type { KnownRules } from "./known-rules.ts";
import type { MasqueradeWish } from "./kernel-masquerade.ts";
import type { ConfigState } from "./kept-config.ts";
import { unmasqueradedRanges } from "./masquerade-config.ts";
import { outsideRanges } from "./outside-ranges.ts";
import { NODE_PORTS_DEFAULT, readPortRange } from "./port-ranges.ts";
import { serviceRanges, type ServiceAddresses } from "./service-addresses.ts";

/** All that a decision needs. Undefined: not known yet. */
export type MasqueradeInputs = {
  /** HostRoutingConfig.spec.masquerade */
  asked: { enabled?: boolean; nodePorts?: string } | undefined;
  cluster: ClusterRanges;
  config: ConfigState;
  rules: KnownRules | undefined;
  services: readonly ServiceAddresses[] | undefined;
  hostPorts: readonly HostPort[] | undefined;
};

/**
 * What to do, and why when it is less than everything. `wish` undefined: not known yet, so the kernel keeps what it has; `why` empty:
 * nothing is missing.
 */
export type MasqueradeDecision = { wish: MasqueradeWish | undefined; config: ConfigState; why: readonly string[] };

/** The kernel's table has room for 4096 ranges. */
const RANGES_MAX = 4000;

/** Turns configuration, rules and addresses into what masquerading should be. Pure. */
export function decideMasquerade(inputs: MasqueradeInputs): MasqueradeDecision {
  const { asked, cluster, config, rules, services, hostPorts } = inputs;
  const unread = config.config === undefined && config.validity.status === "Unknown";
  if (unread || !rules || !services || !hostPorts)
    return { wish: undefined, config, why: [`${missing(inputs).join(", ")} not known yet.`] };
  const nodePorts = readPortRange(asked?.nodePorts ?? "") ?? NODE_PORTS_DEFAULT;
  const off = (why: string): MasqueradeDecision => ({
    wish: { enabled: false, outside: undefined, nodePorts, hostPorts },
    config,
    why: [why],
  });
  if (config.config === undefined) return off("There is no valid masquerade configuration.");
  const outside = outsideRanges(unmasqueradedRanges(config.config), rules, serviceRanges(services, cluster.serviceRanges));
  const count = addressClasses(cluster, outside).size;
  if (count > RANGES_MAX) return off(`${count} address ranges are more than the kernel's table holds (${RANGES_MAX}).`);
  const wanted = asked?.enabled ?? true;
  const why = wanted ? familyReasons(cluster, rules) : ["HostRoutingConfig/default says that it is off."];
  return { wish: { enabled: wanted && outside.families.length > 0, outside, nodePorts, hostPorts }, config, why };
}

function missing({ config, rules, services, hostPorts }: MasqueradeInputs): string[] {
  const parts: [string, boolean][] = [
    ["Configuration", config.config !== undefined || config.validity.status !== "Unknown"],
    ["rules of this node", rules !== undefined],
    ["Services", services !== undefined],
    ["pods", hostPorts !== undefined],
  ];
  return parts.filter(([, known]) => !known).map(([name]) => name);
}

/** Families that the cluster's pods use and whose rules do not masquerade: there nobody could take over from us. */
function familyReasons(cluster: ClusterRanges, rules: KnownRules): string[] {
  return ([4, 6] as const)
    .filter((family) => cluster.podRanges.some((range) => range.includes(":") === (family === 6)))
    .flatMap((family) => {
      const of = rules[family];
      switch (of.state) {
        case "present":
          return [];
        case "absent":
          return [`This node has no rules that masquerade IPv${family}.`];
        case "foreign":
          return [`Other rules translate IPv${family} too: ${of.message}.`];
        case "unknown":
          return [`The rules for IPv${family} cannot be read: ${of.message}.`];
      }
    });
}
