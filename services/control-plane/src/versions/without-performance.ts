import { asJsonObject, isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import type { ClusterConverter, WithProperties } from "./cluster-converter.ts";

const networkingIn = (properties: JsonObject): JsonObject => asJsonObject(asJsonObject(properties["networkProfile"])["advancedNetworking"]);

/** The object with `advancedNetworking` changed, if it has one; nothing else of it is touched. */
function changeNetworking<T extends WithProperties>(whole: T, change: (networking: JsonObject) => JsonObject): T {
  const properties = asJsonObject(whole.properties);
  const network = asJsonObject(properties["networkProfile"]);
  const networking = network["advancedNetworking"];
  if (!isJsonObject(networking)) return whole;
  return { ...whole, properties: { ...properties, networkProfile: { ...network, advancedNetworking: change(networking) } } };
}

function withoutMember(networking: JsonObject): JsonObject {
  const { performance: _performance, ...rest } = networking;
  return rest;
}

/** Turning the whole feature off takes acceleration with it: it cannot be without, and "off" is never refused. */
function keepMode(stored: JsonObject, isOn: (networking: JsonObject) => boolean): (networking: JsonObject) => JsonObject {
  const { performance } = networkingIn(stored);
  return (given) => {
    if (!isOn(given)) return { ...given, performance: null };
    return performance === undefined ? given : { ...given, performance };
  };
}

/**
 * 2025-10-01 and before: `advancedNetworking` has no `performance`. It is not shown, a client's own is ignored, and the stored mode is kept, also where
 * the request replaces `advancedNetworking` as a whole.
 */
export const withoutPerformance: ClusterConverter = {
  withoutUnknown: (body) => changeNetworking(body, withoutMember),
  readPut: (request, stored) =>
    changeNetworking(
      request,
      keepMode(stored, (networking) => networking["enabled"] === true),
    ),
  readPatch: (patch, stored) =>
    changeNetworking(
      patch,
      keepMode(stored, (networking) => ("enabled" in networking ? networking["enabled"] : networkingIn(stored)["enabled"]) === true),
    ),
  show: (body) => changeNetworking(body, withoutMember),
};
