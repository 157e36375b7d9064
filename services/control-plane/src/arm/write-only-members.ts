import { asJsonObject, isJsonObject, type JsonObject } from "../enablement/json-object.ts";

/** Members of a managed cluster's properties that AKS takes and never shows (its SDKs: "write-only"), by the profile that they stand in; in lower case. */
const WRITE_ONLY: Readonly<Record<string, string>> = {
  serviceprincipalprofile: "secret",
  windowsprofile: "adminpassword",
  aadprofile: "serverappsecret",
};

function without(value: unknown, member: string): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name.toLowerCase() !== member));
}

/** A body without the secrets that clients send with it: nothing here needs them, so they are neither kept nor shown to whoever may read the cluster. */
export function withoutSecrets(body: JsonObject): JsonObject {
  if (!isJsonObject(body["properties"])) return body;
  const properties = Object.entries(asJsonObject(body["properties"])).map(([name, value]) => {
    const member = WRITE_ONLY[name.toLowerCase()];
    return [name, member === undefined ? value : without(value, member)] as const;
  });
  return { ...body, properties: Object.fromEntries(properties) };
}
