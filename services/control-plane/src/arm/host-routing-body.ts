import { armDocument } from "@hostrouting/contracts";
import { isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { ArmError, manyFaults, type ArmFault } from "./arm-error.ts";
import { HOST_ROUTING_TYPE } from "./resource-ids.ts";

const TARGET = "properties.rolloutPolicy";
/** What a client reads beside `properties`, and may send back. */
const ENVELOPE: readonly string[] = ["properties", "id", "name", "type", "etag"];
/** What a client reads in `properties`, by the contract, and may send back; all but the policy says what is, and nobody writes it. */
const PROPERTIES: readonly string[] = Object.keys(armDocument.components.schemas.HostRoutingProperties.properties);

const content = (message: string, target?: string): ArmFault => ({
  code: "InvalidRequestContent",
  message,
  ...(target !== undefined && { target }),
});
const unknown = (target: string, place: string): ArmFault => ({
  code: "InvalidParameter",
  message: `There is no member '${target.slice(target.lastIndexOf(".") + 1)}' in ${place}.`,
  target,
});

function otherWord(body: JsonObject, member: "name" | "type", expected: string): readonly ArmFault[] {
  const given = body[member];
  if (given === undefined || given === null || (typeof given === "string" && given.toLowerCase() === expected.toLowerCase())) return [];
  return [content(`The ${member} in the body is not '${expected}'.`, member)];
}

/**
 * The members of the rollout policy in a body of PUT or PATCH; nothing where there are none. Members that only tell are ignored.
 * @throws ArmError 400, all faults at once: members that nobody knows, and what is of the wrong shape.
 */
export function readPolicyMembers(body: unknown): JsonObject | undefined {
  if (!isJsonObject(body)) throw new ArmError(400, content("The body must be a JSON object."));
  const { properties = {} } = body;
  const members = isJsonObject(properties) ? properties["rolloutPolicy"] : undefined;
  const [first, ...others] = [
    ...Object.keys(body)
      .filter((name) => !ENVELOPE.includes(name))
      .map((name) => unknown(name, HOST_ROUTING_TYPE)),
    ...otherWord(body, "name", "default"),
    ...otherWord(body, "type", HOST_ROUTING_TYPE),
    ...(isJsonObject(properties) ? [] : [content("properties must be an object.", "properties")]),
    ...Object.keys(isJsonObject(properties) ? properties : {})
      .filter((name) => !PROPERTIES.includes(name))
      .map((name) => unknown(`properties.${name}`, "properties")),
    ...(members === undefined || isJsonObject(members) ? [] : [content("rolloutPolicy must be an object.", TARGET)]),
  ];
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  return isJsonObject(members) ? members : undefined;
}
