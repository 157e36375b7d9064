import type { ArmFault } from "../arm/arm-error.ts";
import { asJsonObject, type JsonObject } from "./json-object.ts";

/** Set when a cluster is made and never after (AKS refuses these too). */
const FIXED = ["dnsPrefix", "nodeResourceGroup", "kubernetesVersion"] as const;
const FIXED_NETWORK = [
  "networkPlugin",
  "networkPluginMode",
  "networkDataplane",
  "podCidr",
  "podCidrs",
  "serviceCidr",
  "serviceCidrs",
  "dnsServiceIP",
] as const;
/** What only the provider of the nodes could change. Versions and pools belong here until a provider changes them on request. */
const FIXED_POOL = ["count", "vmSize", "osType", "osSKU", "mode", "orchestratorVersion", "workloadRuntime"] as const;

/** Values for comparison: text without letter case, since ARM compares enumerations and names so. */
const key = (value: unknown): string => (JSON.stringify(value) ?? "").toLowerCase();

type Compared = { readonly before: JsonObject; readonly after: JsonObject; readonly prefix: string };

function changes(names: readonly string[], { before, after, prefix }: Compared): readonly ArmFault[] {
  return names
    .filter((name) => key(before[name]) !== key(after[name]))
    .map((name) => ({
      code: "PropertyChangeNotAllowed",
      message: `Changing property '${prefix}${name}' is not allowed.`,
      target: `${prefix}${name}`,
    }));
}

function poolsByName(properties: JsonObject): ReadonlyMap<string, JsonObject> {
  const pools = Array.isArray(properties["agentPoolProfiles"]) ? properties["agentPoolProfiles"].map(asJsonObject) : [];
  return new Map(pools.map((pool) => [String(pool["name"]).toLowerCase(), pool]));
}

function poolChanges(before: JsonObject, after: JsonObject): readonly ArmFault[] {
  const stored = poolsByName(before);
  return [...poolsByName(after)].flatMap(([name, pool]) => {
    const known = stored.get(name);
    if (known !== undefined) return changes(FIXED_POOL, { before: known, after: pool, prefix: `agentPoolProfiles.${name}.` });
    return [{ code: "PropertyChangeNotAllowed", message: `Adding agent pool '${name}' is not allowed.`, target: "agentPoolProfiles" }];
  });
}

/** One fault for each member that a request would change although it cannot. */
export function fixedMemberFaults(before: JsonObject, after: JsonObject): readonly ArmFault[] {
  return [
    ...changes(FIXED, { before, after, prefix: "" }),
    ...changes(FIXED_NETWORK, {
      before: asJsonObject(before["networkProfile"]),
      after: asJsonObject(after["networkProfile"]),
      prefix: "networkProfile.",
    }),
    ...poolChanges(before, after),
  ];
}
