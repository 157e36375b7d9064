import type { AccelerationMode } from "@hostrouting/domain";
import { asJson } from "./json.ts";

type Json = Readonly<Record<string, unknown>>;

/** A cluster's JSON as it was read but for `networkProfile.advancedNetworking.performance.accelerationMode`. Members that nobody here knows stay. Pure. */
export function withAccelerationMode(cluster: unknown, accelerationMode: AccelerationMode): Json {
  const whole = asJson(cluster);
  const properties = asJson(whole["properties"]);
  const networkProfile = asJson(properties["networkProfile"]);
  const advancedNetworking = asJson(networkProfile["advancedNetworking"]);
  const performance = { ...asJson(advancedNetworking["performance"]), accelerationMode };
  return {
    ...whole,
    properties: { ...properties, networkProfile: { ...networkProfile, advancedNetworking: { ...advancedNetworking, performance } } },
  };
}
