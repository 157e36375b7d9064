import type { JsonObject, KnownReferences, PlannedResource, ReferenceNeed, Resolution } from "@hostrouting/template";
import type { DeploymentError } from "@hostrouting/domain";
import { CONTRACT_API_VERSION } from "../arm/api-versions.ts";
import { newestStable, resourceTypeOf } from "../arm/resource-types.ts";
import type { InternalReply, InternalRequest } from "../arm/internal-call.ts";
import { asJsonObject, isJsonObject } from "../enablement/json-object.ts";
import { resourceUrl } from "./resource-url.ts";

/** Makes a request of our own surface. */
export type Ask = (request: InternalRequest) => Promise<InternalReply>;
/** A value, or why there is none. */
export type Resolved<T> = { readonly value: T } | { readonly error: DeploymentError };

/** More rounds of questions than any expression needs: each brings one more `reference()` within another. */
const ROUNDS_MAX = 32;

const keyOf = ({ id, apiVersion = "", action = "" }: ReferenceNeed): string => `${id.toLowerCase()}/${action}?${apiVersion}`;

/** Problems of the evaluator as one error of a deployment. */
export function problemsError(
  code: string,
  problems: readonly { readonly code: string; readonly message: string; readonly path: string }[],
): DeploymentError {
  const details = problems.map(({ code: inner, message, path }) => ({ code: inner, message, ...(path !== "" && { target: path }) }));
  const [first] = details;
  if (first !== undefined && details.length === 1) return { ...first, code };
  return { code, message: first?.message ?? "The template cannot be evaluated.", details };
}

/** The version that an expression names, else that of the planned resource, else the newest of its type that is no preview. */
function versionOf(need: ReferenceNeed, planned: readonly PlannedResource[]): string {
  const known = need.apiVersion ?? planned.find(({ id }) => id.toLowerCase() === need.id.toLowerCase())?.apiVersion;
  if (known !== undefined) return known;
  const [namespace = "", ...parts] = (need.id.split(/\/providers\//i).at(-1) ?? "").split("/");
  const type = resourceTypeOf(namespace, parts.filter((_, index) => index % 2 === 0).join("/"));
  return newestStable(type?.apiVersions ?? []) ?? CONTRACT_API_VERSION;
}

/**
 * Evaluates what asks for the state of resources: whatever is asked for is read, until nothing is missing.
 * @param planned resources of the template, whose api-versions count where an expression names none.
 */
export async function resolveReferences<T>(
  resolve: (known: KnownReferences) => Resolution<T>,
  planned: readonly PlannedResource[],
  ask: Ask,
): Promise<Resolved<T>> {
  const found = new Map<string, JsonObject>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const answer = resolve((need) => found.get(keyOf(need)));
    if (answer.kind === "resolved") return { value: answer.value };
    if (answer.kind === "refused") return { error: problemsError("InvalidTemplate", answer.problems) };
    for (const need of answer.references) {
      const reply = await ask(requestOf(need, versionOf(need, planned)));
      if (reply.status >= 300 || !isJsonObject(reply.body)) return { error: unreadable(need, reply) };
      found.set(keyOf(need), reply.body as JsonObject);
    }
  }
  const message = "Expressions ask for the state of resources again and again and come to no end.";
  return { error: { code: "InvalidTemplate", message } };
}

function requestOf({ id, action }: ReferenceNeed, apiVersion: string): InternalRequest {
  return action === undefined
    ? { method: "GET", url: resourceUrl(id, apiVersion) }
    : { method: "POST", url: resourceUrl(`${id}/${action}`, apiVersion) };
}

function unreadable({ id, action }: ReferenceNeed, reply: InternalReply): DeploymentError {
  const { code, message } = asJsonObject(asJsonObject(reply.body)["error"]);
  const said = typeof message === "string" ? message : `HTTP status ${reply.status}`;
  const asked =
    action === undefined
      ? `The state of the resource '${id}', for which reference() asks,`
      : `What ${action}() asks of the resource '${id}'`;
  return { code: typeof code === "string" ? code : "ResourceNotFound", message: `${asked} cannot be read: ${said}`, target: id };
}
