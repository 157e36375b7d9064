import type { AdvancedNetworking } from "@hostrouting/domain";
import { asJsonObject } from "./json-object.ts";

type Security = AdvancedNetworking["security"];

/** What a cluster has that never asked for Advanced Container Networking Services. */
export const advancedNetworkingOff: AdvancedNetworking = {
  enabled: false,
  observability: { enabled: false },
  security: { enabled: false, advancedNetworkPolicies: "None", transitEncryption: { type: "None" } },
  performance: { accelerationMode: "None" },
};

function securityOf(value: unknown, networkDataplane: string): Security {
  const given = asJsonObject(value);
  const enabled = value === undefined || value === null ? networkDataplane === "cilium" : given["enabled"] === true;
  const policies = (given["advancedNetworkPolicies"] ?? "FQDN") as Security["advancedNetworkPolicies"];
  const type = (asJsonObject(given["transitEncryption"])["type"] ?? "None") as Security["transitEncryption"]["type"];
  return { enabled, advancedNetworkPolicies: enabled ? policies : "None", transitEncryption: { type } };
}

/**
 * The whole object that a request's `advancedNetworking` stands for; it is replaced as one unit, so what is missing goes to its default:
 * `enabled` false; with `enabled`, observability on and security on where the dataplane is Cilium; policies FQDN where security is on;
 * acceleration None. `enabled: false` turns everything off but keeps the mode that was asked for, so that admission can refuse the contradiction.
 * @param given validated and folded; null and absent mean all off.
 * @param networkDataplane in lower case.
 */
export function normaliseAdvancedNetworking(given: unknown, networkDataplane: string): AdvancedNetworking {
  const asked = asJsonObject(given);
  const mode = asJsonObject(asked["performance"])["accelerationMode"];
  const performance = { accelerationMode: mode === "BpfVeth" ? ("BpfVeth" as const) : ("None" as const) };
  if (asked["enabled"] !== true) return { ...advancedNetworkingOff, performance };
  const observability = asked["observability"];
  return {
    enabled: true,
    observability: { enabled: observability === undefined || observability === null || asJsonObject(observability)["enabled"] === true },
    security: securityOf(asked["security"], networkDataplane),
    performance,
  };
}
