import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, isDeploymentOver, type Deployment, type DeploymentId, type OperationId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { keptInput } from "../deployments/deployment-input.ts";
import type { DeploymentService } from "../deployments/deployment-service.ts";
import { retryLostRaces } from "../enablement/retry-lost-races.ts";
import { armError, type ArmError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";
import { parseTemplateBody } from "./deployment-body.ts";
import { deploymentIdOf, deploymentPath, planDeployment, type DeploymentPath, type PlannedDeployment } from "./deployment-plan.ts";
import { deploymentQuestionRoutes } from "./deployment-question-routes.ts";
import { DEPLOYMENT_TYPE, deploymentResourceId, shownPlan, toDeploymentBody, toRunStatus, toStepBody } from "./deployment-wire.ts";
import { internalCallOf } from "./internal-call.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { BODY_BYTES_MAX } from "./pipeline.ts";
import { pathOf, principalOf } from "./request-context.ts";

/** A template may take two seconds to plan, and its trial fifteen. */
const DEADLINE_MS = 20_000;

const notFound = (name: string): ArmError => armError(404, "DeploymentNotFound", `Deployment '${name}' could not be found.`);

/** @throws ArmError 404 `DeploymentNotFound` */
async function find(deps: Deps, request: FastifyRequest): Promise<Deployment> {
  const path = deploymentPath(request);
  const deployment = await deps.store().deployments.get(deploymentIdOf(path));
  if (deployment === undefined) throw notFound(path.name);
  return deployment;
}

async function get(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const deployment = await find(deps, request);
  return toDeploymentBody(deployment, await deps.store().deployments.steps(deployment.runId), deps.clock.now());
}

async function accept(
  deps: Deps,
  service: DeploymentService,
  given: { request: FastifyRequest; planned: PlannedDeployment },
): Promise<boolean> {
  const { request, planned } = given;
  const { path, wanted, input, plan } = planned;
  const { kept, hasSecrets } = keptInput(input, plan, internalCallOf(request)?.securePaths ?? []);
  const deployment = {
    ...path,
    id: deploymentIdOf(path),
    runId: as<OperationId>(deps.newId()),
    mode: wanted.mode,
    correlationId: request.arm.correlationId,
    templateHash: plan.templateHash,
    principal: principalOf(request),
    input: kept,
    shown: shownPlan(plan, wanted.tags),
    hasSecrets,
  };
  const accepted = await retryLostRaces(() => deps.store().deployments.accept(deployment, service.runner.holder, auditEntry(request)));
  if (accepted === "Active")
    throw armError(
      409,
      "DeploymentActive",
      `Unable to edit or replace deployment '${path.name}': the previous deployment of that name is still active. Wait for it, cancel it, or use another name.`,
    );
  request.arm.isAudited = true;
  service.runner.hold(accepted.lease, { input, plan });
  return accepted.isNew;
}

async function put(
  deps: Deps,
  service: DeploymentService,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<unknown> {
  const planned = await planDeployment(deps, request);
  const isNew = await accept(deps, service, { request, planned });
  const deployment = await find(deps, request);
  // Names may have letters of every script, and headers may not.
  const status = encodeURI(`${deploymentResourceId(deployment)}/operationStatuses/${deployment.runId}`);
  reply.code(isNew ? 201 : 200);
  reply.header("azure-asyncoperation", `${deps.settings.publicUrl}${status}?api-version=${encodeURIComponent(request.arm.apiVersion)}`);
  reply.header("retry-after", deps.settings.retryAfterSeconds);
  return toDeploymentBody(deployment, [], deps.clock.now());
}

async function getRunStatus(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const deployment = await find(deps, request);
  const { run = "" } = request.params as { readonly run?: string };
  if (deployment.runId !== run.toLowerCase()) throw armError(404, "OperationNotFound", `The operation '${run}' was not found.`);
  if (!isDeploymentOver(deployment.state)) reply.header("retry-after", deps.settings.retryAfterSeconds);
  return toRunStatus(deployment);
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { subscriptionId, resourceGroup } = pathOf(request);
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${encodeURIComponent(resourceGroup)}/providers/${DEPLOYMENT_TYPE}`;
  const scope = deploymentIdOf({ subscriptionId, resourceGroup, name: "" }).replace(/\/$/, "");
  const page = readPage(request.query as Readonly<Record<string, unknown>>, scope);
  const after = page.after === undefined ? {} : { after: as<DeploymentId>(page.after) };
  // One more than fits tells whether there is a next page.
  const found = await deps.store().deployments.list({ subscriptionId, resourceGroup, ...after, limit: page.limit + 1 });
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1);
  const nowMs = deps.clock.now();
  const value = shown.map((one) => toDeploymentBody(one, [], nowMs));
  if (last === undefined || found.length === shown.length) return { value };
  const query = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    $top: String(page.limit),
    $skipToken: skipTokenAfter(last.id),
  });
  return { value, nextLink: `${deps.settings.publicUrl}${path}?${query.toString()}` };
}

async function listSteps(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const deployment = await find(deps, request);
  const nowMs = deps.clock.now();
  return { value: (await deps.store().deployments.steps(deployment.runId)).map((step) => toStepBody(deployment, step, nowMs)) };
}

async function getStep(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const deployment = await find(deps, request);
  const { step: id = "" } = request.params as { readonly step?: string };
  const step = (await deps.store().deployments.steps(deployment.runId)).find((one) => one.id === id.toLowerCase());
  if (step === undefined) throw armError(404, "DeploymentOperationNotFound", `The deployment has no operation '${id}'.`);
  return toStepBody(deployment, step, deps.clock.now());
}

async function cancel(deps: Deps, request: FastifyRequest): Promise<void> {
  const path: DeploymentPath = deploymentPath(request);
  const error = { code: "DeploymentCanceled", message: `The deployment '${path.name}' was canceled by ${principalOf(request).objectId}.` };
  const outcome = await deps.store().deployments.cancel(deploymentIdOf(path), error, auditEntry(request));
  if (outcome === "Absent") throw notFound(path.name);
  if (outcome === "Over") throw armError(409, "DeploymentNotRunning", `The deployment '${path.name}' has ended and cannot be canceled.`);
  request.arm.isAudited = true;
}

async function remove(deps: Deps, request: FastifyRequest): Promise<void> {
  const path = deploymentPath(request);
  const outcome = await deps.store().deployments.remove(deploymentIdOf(path), auditEntry(request));
  request.arm.isAudited ||= outcome === "Removed";
  if (outcome === "Active")
    throw armError(409, "DeploymentActive", `The deployment '${path.name}' is still active. Cancel it before you delete it.`);
}

function routes(app: FastifyInstance, deps: Deps, service: DeploymentService): void {
  const group = "/subscriptions/:sub/resourceGroups/:group";
  const all = `${group}/providers/${DEPLOYMENT_TYPE}`;
  const base = `${all}/:deployment`;
  app.get(all, (request) => list(deps, request));
  app.head(base, async (request, reply) => {
    const there = await deps.store().deployments.get(deploymentIdOf(deploymentPath(request)));
    return reply.code(there === undefined ? 404 : 204).send();
  });
  app.get(base, { exposeHeadRoute: false }, (request) => get(deps, request));
  app.put(base, { config: { deadlineMs: DEADLINE_MS } }, (request, reply) => put(deps, service, { request, reply }));
  app.delete(base, async (request, reply) => {
    await remove(deps, request);
    return reply.code(204).send();
  });
  app.post(`${base}/cancel`, async (request, reply) => {
    await cancel(deps, request);
    return reply.code(204).send();
  });
  app.post(`${base}/exportTemplate`, async (request) => ({ template: (await find(deps, request)).input["template"] }));
  app.get(`${base}/operationStatuses/:run`, (request, reply) => getRunStatus(deps, request, reply));
  for (const operations of [`${base}/operations`, `${group}/deployments/:deployment/operations`]) {
    app.get(operations, (request) => listSteps(deps, request));
    app.get(`${operations}/:step`, (request) => getStep(deps, request));
  }
  deploymentQuestionRoutes(app, deps, { service, base, deadlineMs: DEADLINE_MS });
}

/** Template deployments. Only here a body may be what az makes of a template file, which is not JSON. */
export function deploymentRoutes(app: FastifyInstance, deps: Deps, service: DeploymentService): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/json",
      { parseAs: "string", bodyLimit: BODY_BYTES_MAX },
      async (_request: FastifyRequest, body: string) => parseTemplateBody(body),
    );
    routes(scope, deps, service);
  });
}
