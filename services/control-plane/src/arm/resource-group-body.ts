import type { FullResourceGroup } from "@hostrouting/store";
import { isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { tagFaults } from "../enablement/tag-faults.ts";
import { ArmError, manyFaults, type ArmFault } from "./arm-error.ts";

/** What a client may say of a resource group; absent members are absent. */
export type GroupRequest = {
  readonly location: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly managedBy: string | undefined;
};

/** Longer than the name of any region. */
const LOCATION_LENGTH_MAX = 64;
const MANAGED_BY_LENGTH_MAX = 1_024;

function textFault(body: JsonObject, member: string, lengthMax: number): readonly ArmFault[] {
  const value = body[member];
  if (value === undefined || value === null || (typeof value === "string" && value !== "" && value.length <= lengthMax)) return [];
  const message = `The member '${member}' must be text of 1 to ${lengthMax} characters.`;
  return [{ code: "InvalidRequestContent", message, target: member }];
}

function tagsFaults(tags: unknown): readonly ArmFault[] {
  if (tags === undefined || tags === null) return [];
  if (!isJsonObject(tags) || Object.values(tags).some((value) => typeof value !== "string"))
    return [{ code: "InvalidRequestContent", message: "The member 'tags' must be an object of texts.", target: "tags" }];
  return tagFaults(tags as Readonly<Record<string, string>>);
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Reads the body of a PUT or PATCH; null tags are none. @throws ArmError 400 with all faults. */
export function readGroupBody(body: unknown): GroupRequest {
  if (!isJsonObject(body))
    throw new ArmError(400, { code: "InvalidRequestContent", message: "The request content must be a JSON object: the resource group." });
  const faults = [
    ...textFault(body, "location", LOCATION_LENGTH_MAX),
    ...textFault(body, "managedBy", MANAGED_BY_LENGTH_MAX),
    ...tagsFaults(body["tags"]),
  ];
  const [first, ...others] = faults;
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  const tags = body["tags"] === null ? {} : (body["tags"] as GroupRequest["tags"]);
  return { location: textOf(body["location"]), tags, managedBy: textOf(body["managedBy"]) };
}

/** A resource group as ARM shows it. */
export function toGroupBody(group: FullResourceGroup): Readonly<Record<string, unknown>> {
  return {
    id: `/subscriptions/${group.subscriptionId}/resourceGroups/${group.displayName}`,
    name: group.displayName,
    type: "Microsoft.Resources/resourceGroups",
    location: group.location,
    tags: group.tags,
    ...(group.managedBy !== undefined && { managedBy: group.managedBy }),
    properties: { provisioningState: group.isBeingDeleted === true ? "Deleting" : "Succeeded" },
  };
}

// Postgres takes the character U+0000 in no text.
const TAG_FILTER = /^tagName eq '((?:[^'\0]|'')+)'(?: and tagValue eq '((?:[^'\0]|'')*)')?$/i;

/** Reads `$filter` of a list: by tag, as az sends it. @throws ArmError 400 `InvalidFilterInQueryString`. */
export function readTagFilter(filter: unknown): { name: string; value?: string } | undefined {
  if (filter === undefined || filter === "") return undefined;
  const [whole, name = "", value] = TAG_FILTER.exec(typeof filter === "string" ? filter.trim() : "") ?? [];
  if (whole === undefined)
    throw new ArmError(400, {
      code: "InvalidFilterInQueryString",
      message: "$filter must be of the form: tagName eq 'name' and tagValue eq 'value'. The value may be left out.",
      target: "$filter",
    });
  const unquoted = (text: string): string => text.replaceAll("''", "'");
  return { name: unquoted(name), ...(value !== undefined && { value: unquoted(value) }) };
}
