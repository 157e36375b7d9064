import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DeploymentError } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import type { DeploymentService } from "../deployments/deployment-service.ts";
import { askByTrial, type TrialResult } from "../deployments/question.ts";
import { whatIfChanges, whatIfDiagnostics } from "../deployments/what-if.ts";
import { ArmError } from "./arm-error.ts";
import { planDeployment, type PlannedDeployment } from "./deployment-plan.ts";
import { toValidatedBody } from "./deployment-wire.ts";
import { principalOf } from "./request-context.ts";

type Answer = { readonly planned: PlannedDeployment; readonly result: TrialResult; readonly error: DeploymentError | undefined };

function invalid(planned: PlannedDeployment, faults: readonly DeploymentError[], correlationId: string): DeploymentError | undefined {
  if (faults.length === 0) return undefined;
  const message =
    `The template deployment '${planned.path.name}' is not valid according to the validation procedure. ` +
    `The tracking id is '${correlationId}'. See inner errors for details.`;
  return { code: "InvalidTemplateDeployment", message, details: faults };
}

async function ask(deps: Deps, service: DeploymentService, request: FastifyRequest): Promise<Answer> {
  const planned = await planDeployment(deps, request);
  const { subscriptionId, resourceGroup } = planned.path;
  const { correlationId } = request.arm;
  const { plan, wanted } = planned;
  const question = {
    plan,
    mode: wanted.mode,
    level: wanted.validationLevel,
    principal: principalOf(request),
    correlationId,
    subscriptionId,
    resourceGroup,
  };
  const result = await service.inTurn(() => askByTrial({ ...deps, call: service.call }, question));
  return { planned, result, error: invalid(planned, result.faults, correlationId) };
}

async function validate(deps: Deps, service: DeploymentService, request: FastifyRequest): Promise<unknown> {
  const { planned, error } = await ask(deps, service, request);
  if (error !== undefined) throw new ArmError(400, error);
  const deployment = { ...planned.path, mode: planned.wanted.mode };
  return toValidatedBody(deployment, planned.plan, { nowMs: deps.clock.now(), correlationId: request.arm.correlationId });
}

async function whatIf(deps: Deps, service: DeploymentService, request: FastifyRequest): Promise<unknown> {
  const { planned, result, error } = await ask(deps, service, request);
  if (error !== undefined) return { status: "Failed", error };
  const changes = whatIfChanges(result, planned.wanted.resultFormat);
  const diagnostics = whatIfDiagnostics(result.leftOut);
  const told = { correlationId: request.arm.correlationId, changes, ...(diagnostics.length > 0 && { diagnostics }) };
  return { status: "Succeeded", properties: told };
}

/** Validate and what-if. Both do what a deployment would, and keep nothing of it. */
export function deploymentQuestionRoutes(
  app: FastifyInstance,
  deps: Deps,
  { service, base, deadlineMs }: { readonly service: DeploymentService; readonly base: string; readonly deadlineMs: number },
): void {
  app.post(`${base}/validate`, { config: { deadlineMs } }, (request) => validate(deps, service, request));
  app.post(`${base}/whatIf`, { config: { deadlineMs } }, (request) => whatIf(deps, service, request));
}
