/**
 * What a deployment would come to, learnt by doing it where nothing is kept: each resource is really written, by the same requests in the same
 * order, into a transaction that ends with a rollback. What would take time (an operation) has succeeded at once, so that what depends on it is tried
 * on what it would leave. Nothing of admission, merge or defaults is written twice for this.
 */
import { as, type DeploymentError, type OperationId } from "@hostrouting/domain";
import {
  hideSecure,
  planNested,
  resolveOutputs,
  resolveResource,
  type JsonObject,
  type PlannedResource,
  type TemplatePlan,
} from "@hostrouting/template";
import type { Aggregates, Trial } from "@hostrouting/store";
import type { InternalReply, InternalRequest } from "../arm/internal-call.ts";
import { asJsonObject } from "../enablement/json-object.ts";
import { isWritten } from "./decide-steps.ts";
import { judgeWrite } from "./judge-reply.ts";
import { redactError } from "./redact-error.ts";
import { resolveReferences, type Ask, type Resolved } from "./resolve-references.ts";
import { resourceUrl } from "./resource-url.ts";

/** What became of one resource. `Planned`: nobody asked for more than that it would be written. `Unknown`: that could not be found out, and why. */
export type Tried = { readonly resource: PlannedResource; readonly before: JsonObject | undefined } & (
  | { readonly kind: "Written"; readonly after: JsonObject }
  | { readonly kind: "Planned" }
  | { readonly kind: "Refused"; readonly error: DeploymentError }
  | { readonly kind: "Unknown"; readonly why: string }
);

/** A trial under way. */
export type TrialRun = {
  readonly trial: Trial<Aggregates>;
  /** Finds nested deployments too, which are not written in a trial: `trialAsk`. */
  readonly ask: Ask;
  /** Nested deployments as `reference()` finds them, by their ids in lower case; filled as they are tried. */
  readonly nested: Map<string, JsonObject>;
  /** Whether anything is written at all, or only read. */
  readonly isTried: boolean;
  /** Whether there is time for one more resource. */
  readonly hasTime: () => boolean;
};

class RefusedReply extends Error {
  readonly reply: InternalReply;
  constructor(reply: InternalReply) {
    super(`HTTP status ${reply.status}`);
    this.reply = reply;
  }
}

async function read(run: TrialRun, url: string): Promise<JsonObject | undefined> {
  const reply = await run.ask({ method: "GET", url });
  return reply.status === 200 ? (asJsonObject(reply.body) as JsonObject) : undefined;
}

/** The operation that a reply says to follow. */
function operationOf(reply: InternalReply): OperationId | undefined {
  const id = /\/operations\/([0-9a-f-]{36})(?:\?|$)/i.exec(reply.headers["azure-asyncoperation"] ?? "")?.[1];
  return id === undefined ? undefined : as<OperationId>(id);
}

/** Makes a request that writes; what is refused leaves nothing. */
export async function write(run: TrialRun, request: InternalRequest): Promise<InternalReply> {
  return run.trial
    .attempt(async () => {
      const reply = await run.ask(request);
      if (reply.status >= 400) throw new RefusedReply(reply);
      const operation = operationOf(reply);
      if (operation !== undefined) await run.trial.settle(operation);
      return reply;
    })
    .catch((error: unknown) => {
      if (error instanceof RefusedReply) return error.reply;
      throw error;
    });
}

/** Busy, or not to be asked now: says nothing about whether the template is right. */
function isPassing(status: number, error: DeploymentError): boolean {
  return status === 429 || status >= 500 || (status === 409 && error.code === "OperationNotAllowed");
}

async function tryOne(
  run: TrialRun,
  resource: PlannedResource,
  resolve: () => Promise<Resolved<{ body: JsonObject; securePaths: PlannedResource["securePaths"] }>>,
): Promise<Tried> {
  const url = resourceUrl(resource.id, resource.apiVersion);
  const before = await read(run, url);
  if (!run.isTried) return { resource, before, kind: "Planned" };
  const resolved = await resolve();
  if ("error" in resolved) return { resource, before, kind: "Unknown", why: resolved.error.message };
  const { body, securePaths } = resolved.value;
  const reply = await write(run, { method: "PUT", url, body });
  const outcome = judgeWrite(reply, url);
  const hidden = (shown: JsonObject): JsonObject => hideSecure(shown, securePaths) as JsonObject;
  if (outcome.kind === "Unanswered" || (outcome.kind === "Failed" && isPassing(outcome.status, outcome.error)))
    return { resource, before, kind: "Unknown", why: outcome.error.message };
  if (outcome.kind === "Failed") return { resource, before, kind: "Refused", error: redactError(outcome.error, resolved.value) };
  const after = (await read(run, url)) ?? (asJsonObject(reply.body) as JsonObject);
  return { resource, before: before && hidden(before), kind: "Written", after: hidden(after) };
}

/** Asks the surface, and for nested deployments what the trial made of them. */
export function trialAsk(ask: Ask, nested: TrialRun["nested"]): Ask {
  return async (request) => {
    const path = decodeURIComponent(request.url.split("?", 1)[0] ?? "").toLowerCase();
    const body = request.method === "GET" ? nested.get(path) : undefined;
    return body === undefined ? ask(request) : { status: 200, headers: {}, body };
  };
}

/** Tries all resources of a plan, and those of deployments nested in it. */
export async function tryTemplate(run: TrialRun, plan: TemplatePlan): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  const { ask, nested } = run;
  for (const resource of plan.resources.filter(isWritten)) {
    if (!run.hasTime()) {
      tried.push({ resource, before: undefined, kind: "Unknown", why: "There was no time left to try this resource." });
      continue;
    }
    if (resource.nested === undefined) {
      const resolve = () =>
        resource.deferred
          ? resolveReferences((known) => resolveResource(plan, resource, known), ask)
          : Promise.resolve({ value: resource });
      tried.push(await tryOne(run, resource, resolve));
      continue;
    }
    const inner = await resolveReferences((known) => planNested(plan, resource, known), ask);
    if ("error" in inner) {
      // what it asks for may be there only once something is written
      const what = run.isTried
        ? ({ kind: "Refused", error: inner.error } as const)
        : ({ kind: "Unknown", why: inner.error.message } as const);
      tried.push({ resource, before: undefined, ...what });
      continue;
    }
    tried.push(...(await tryTemplate(run, inner.value.plan)));
    const outputs = await resolveReferences((known) => resolveOutputs(inner.value.plan, known), ask);
    if ("value" in outputs)
      nested.set(resource.id.toLowerCase(), { properties: { provisioningState: "Succeeded", outputs: outputs.value } } as JsonObject);
  }
  return tried;
}
