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
/** What no provider changes in a pool that is there. */
const FIXED_POOL = ["vmSize", "osType", "osSKU", "orchestratorVersion", "workloadRuntime"] as const;
/** What only a provider that made the nodes can change, as it can add pools. */
const PROVIDED_POOL = ["count", "mode"] as const;

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

function poolChanges(before: JsonObject, after: JsonObject, isMade: boolean): readonly ArmFault[] {
  const fixed = isMade ? FIXED_POOL : [...FIXED_POOL, ...PROVIDED_POOL];
  const stored = poolsByName(before);
  return [...poolsByName(after)].flatMap(([name, pool]) => {
    const known = stored.get(name);
    if (known !== undefined) return changes(fixed, { before: known, after: pool, prefix: `agentPoolProfiles.${name}.` });
    if (isMade) return [];
    return [{ code: "PropertyChangeNotAllowed", message: `Adding agent pool '${name}' is not allowed.`, target: "agentPoolProfiles" }];
  });
}

/**
 * One fault for each member that a request would change although it cannot.
 * @param isMade a provider made the nodes, and can make others
 */
export function fixedMemberFaults(before: JsonObject, after: JsonObject, isMade: boolean): readonly ArmFault[] {
  return [
    ...changes(FIXED, { before, after, prefix: "" }),
    ...changes(FIXED_NETWORK, {
      before: asJsonObject(before["networkProfile"]),
      after: asJsonObject(after["networkProfile"]),
      prefix: "networkProfile.",
    }),
    ...poolChanges(before, after, isMade),
  ];
}
