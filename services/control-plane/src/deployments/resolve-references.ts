import type { JsonObject, KnownReferences, ReferenceNeed, Resolution } from "@hostrouting/template";
import type { DeploymentError } from "@hostrouting/domain";
import type { InternalReply, InternalRequest } from "../arm/internal-call.ts";
import { asJsonObject, isJsonObject } from "../enablement/json-object.ts";
import { resourceUrl } from "./resource-url.ts";

/** Makes a request of our own surface. */
export type Ask = (request: InternalRequest) => Promise<InternalReply>;
/** A value, or why there is none. */
export type Resolved<T> = { readonly value: T } | { readonly error: DeploymentError };

/** More rounds of questions than any expression needs: each brings one more `reference()` within another. */
const ROUNDS_MAX = 32;

const keyOf = ({ id, apiVersion, action = "" }: ReferenceNeed): string => `${id.toLowerCase()}/${action}?${apiVersion}`;

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

/** Evaluates what asks for the state of resources: whatever is asked for is read, until nothing is missing. */
export async function resolveReferences<T>(resolve: (known: KnownReferences) => Resolution<T>, ask: Ask): Promise<Resolved<T>> {
  const found = new Map<string, JsonObject>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const answer = resolve((need) => found.get(keyOf(need)));
    if (answer.kind === "resolved") return { value: answer.value };
    if (answer.kind === "refused") return { error: problemsError("InvalidTemplate", answer.problems) };
    for (const need of answer.references) {
      const reply = await ask(requestOf(need));
      if (reply.status >= 300 || !isJsonObject(reply.body)) return { error: unreadable(need, reply) };
      found.set(keyOf(need), reply.body as JsonObject);
    }
  }
  const message = "Expressions ask for the state of resources again and again and come to no end.";
  return { error: { code: "InvalidTemplate", message } };
}

function requestOf({ id, action, apiVersion }: ReferenceNeed): InternalRequest {
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
