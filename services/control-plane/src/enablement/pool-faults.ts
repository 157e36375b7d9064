import type { Provider } from "@hostrouting/domain";
import type { ArmFault } from "../arm/arm-error.ts";
import { KUBERNETES_OF } from "./cluster-defaults.ts";
import { asJsonObject, type JsonObject } from "./json-object.ts";
import { poolVersionFaults } from "./pool-versions.ts";

/** AKS' rule for pools of Linux nodes. */
const NAME = /^[a-z][a-z0-9]{0,11}$/;
/** AKS' limit for a pool. */
const COUNT_MAX = 1_000;
/** Gateways for static egress exclude acceleration, and no provider here makes them. */
const MODES: ReadonlySet<string> = new Set(["system", "user"]);

function faultsOf(pool: JsonObject): readonly ArmFault[] {
  const name = String(pool["name"]);
  const { count } = pool;
  const mode = String(pool["mode"]).toLowerCase();
  const isSystem = mode === "system";
  const least = isSystem ? 1 : 0;
  const target = `agentPoolProfiles.${name}`;
  const faults: ArmFault[] = [];
  if (!NAME.test(name)) {
    const message = `The agent pool name '${name}' is not valid: it has 1 to 12 small letters and digits, and begins with a letter.`;
    faults.push({ code: "InvalidParameter", message, target: `${target}.name` });
  }
  if (typeof count !== "number" || !Number.isInteger(count) || count < least || count > COUNT_MAX) {
    const message = `The count of agent pool '${name}' must be a whole number from ${least} to ${COUNT_MAX}.`;
    faults.push({ code: "InvalidParameter", message, target: `${target}.count` });
  }
  if (!MODES.has(mode))
    faults.push({
      code: "InvalidParameter",
      message: `The mode of agent pool '${name}' must be one of System, User.`,
      target: `${target}.mode`,
    });
  return faults;
}

function poolsIn(properties: JsonObject): readonly JsonObject[] {
  return (Array.isArray(properties["agentPoolProfiles"]) ? properties["agentPoolProfiles"] : []).map(asJsonObject);
}

/**
 * What is wrong with the pools of a cluster that a provider makes; every rule runs.
 * @param before what the cluster has already: versions are asked of new pools only, since those of others cannot be changed
 */
export function poolFaults(properties: JsonObject, provider: Provider, before: JsonObject = {}): readonly ArmFault[] {
  const pools = poolsIn(properties);
  const known = new Set(poolsIn(before).map((pool) => String(pool["name"]).toLowerCase()));
  const added = pools.filter((pool) => !known.has(String(pool["name"]).toLowerCase()));
  const faults = [
    ...pools.flatMap(faultsOf),
    ...poolVersionFaults(added, String(properties["kubernetesVersion"]), KUBERNETES_OF[provider]),
  ];
  const names = pools.map((pool) => String(pool["name"]).toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    faults.push({ code: "InvalidParameter", message: `Two agent pools have the name '${twice}'.`, target: "agentPoolProfiles" });
  if (!pools.some((pool) => String(pool["mode"]).toLowerCase() === "system"))
    faults.push({
      code: "InvalidParameter",
      message: "A cluster needs at least one agent pool of mode System.",
      target: "agentPoolProfiles",
    });
  return faults;
}
