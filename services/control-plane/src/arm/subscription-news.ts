import { subscriptionStates, type SubscriptionNews } from "@hostrouting/store";
import { asJsonObject, isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { ArmError, armError, manyFaults, type ArmFault } from "./arm-error.ts";
import { isGuid } from "./resource-ids.ts";

const fault = (target: string, message: string): ArmFault => ({ code: "InvalidRequestContent", message, target });

function faultsOf(body: JsonObject, properties: JsonObject): readonly ArmFault[] {
  const { state, registrationDate } = body;
  const { tenantId } = properties;
  return [
    ...(subscriptionStates.some((known) => known === state)
      ? []
      : [fault("state", `The state must be one of ${subscriptionStates.join(", ")}.`)]),
    ...(typeof registrationDate === "string" && !Number.isNaN(Date.parse(registrationDate))
      ? []
      : [fault("registrationDate", "The registrationDate must be a time, like Sat, 01 Aug 2026 00:00:00 GMT or 2026-08-01T00:00:00Z.")]),
    ...(body["properties"] === undefined || body["properties"] === null || isJsonObject(body["properties"])
      ? []
      : [fault("properties", "The properties must be an object.")]),
    ...(tenantId === undefined || tenantId === null || (typeof tenantId === "string" && isGuid(tenantId))
      ? []
      : [fault("properties.tenantId", "The tenantId must be a GUID.")]),
  ];
}

/**
 * Reads what ARM tells about a subscription (RPC, "subscription lifecycle", api-version 2.0).
 * @throws ArmError 400 with all faults.
 */
export function readSubscriptionNews(id: string, body: unknown): SubscriptionNews {
  if (!isGuid(id)) throw armError(400, "InvalidSubscriptionId", `The provided subscription identifier '${id}' is malformed or invalid.`);
  if (!isJsonObject(body)) throw armError(400, "InvalidRequestContent", "The request content must be a JSON object: the subscription.");
  const properties = asJsonObject(body["properties"]);
  const [first, ...others] = faultsOf(body, properties);
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  const { tenantId } = properties;
  return {
    id,
    state: subscriptionStates.find((known) => known === body["state"]) ?? "Registered",
    registrationDate: new Date(String(body["registrationDate"])).toISOString(),
    tenantId: typeof tenantId === "string" ? tenantId : undefined,
    properties,
  };
}
