/** Deployments, their operations and the status of a run as ARM shows them (Microsoft.Resources, 2025-04-01). */
import { STATUS_CODES } from "node:http";
import type { Deployment, DeploymentStep, DeploymentTarget } from "@hostrouting/domain";
import type { PlannedResource, TemplatePlan } from "@hostrouting/template";
import { isWritten } from "../deployments/decide-steps.ts";

/** The type, in its display casing. */
export const DEPLOYMENT_TYPE = "Microsoft.Resources/deployments";

type Body = Readonly<Record<string, unknown>>;

/** Resource id of a deployment, in the casing that is given. */
export function deploymentResourceId(path: {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}): string {
  return `/subscriptions/${path.subscriptionId}/resourceGroups/${path.resourceGroup}/providers/${DEPLOYMENT_TYPE}/${path.name}`;
}

/** ISO 8601: `PT12.5S`. */
function duration(fromMs: number, toMs: number): string {
  return `PT${Math.max(0, toMs - fromMs) / 1000}S`;
}

const iso = (at: number): string => new Date(at).toISOString();

function named(resource: PlannedResource): Body {
  return { id: resource.id, resourceType: resource.type, resourceName: resource.name };
}

/** Namespaces with the types and locations that a template uses. */
function providersOf(plan: TemplatePlan): readonly Body[] {
  const byNamespace = new Map<string, Map<string, Set<string>>>();
  for (const { type, body } of plan.resources) {
    const [namespace = "", ...rest] = type.split("/");
    const types = byNamespace.get(namespace) ?? new Map<string, Set<string>>();
    const locations = types.get(rest.join("/")) ?? new Set<string>();
    if (typeof body["location"] === "string") locations.add(body["location"]);
    byNamespace.set(namespace, types.set(rest.join("/"), locations));
  }
  return [...byNamespace].map(([namespace, types]) => ({
    namespace,
    resourceTypes: [...types].map(([resourceType, locations]) => ({ resourceType, locations: [...locations] })),
  }));
}

function dependenciesOf(plan: TemplatePlan): readonly Body[] {
  const byId = new Map(plan.resources.map((resource) => [resource.id.toLowerCase(), resource]));
  return plan.resources
    .filter(({ dependsOn }) => dependsOn.length > 0)
    .map((resource) => ({
      dependsOn: resource.dependsOn.flatMap((id) => {
        const other = byId.get(id.toLowerCase());
        return other === undefined ? [] : [named(other)];
      }),
      ...named(resource),
    }));
}

/** What replies show of a plan; kept with the deployment. */
export function shownPlan(plan: TemplatePlan, tags: Body | undefined): Body {
  return {
    ...(tags && { tags }),
    properties: { parameters: plan.parameters, providers: providersOf(plan), dependencies: dependenciesOf(plan) },
  };
}

/** The reply to `validate` where nothing is wrong. */
export function toValidatedBody(
  deployment: { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string; readonly mode: string },
  plan: TemplatePlan,
  at: { readonly nowMs: number; readonly correlationId: string },
): Body {
  const { properties } = shownPlan(plan, undefined) as { properties: Body };
  return {
    id: deploymentResourceId(deployment),
    name: deployment.name,
    type: DEPLOYMENT_TYPE,
    properties: {
      templateHash: plan.templateHash,
      ...properties,
      mode: deployment.mode,
      provisioningState: "Succeeded",
      timestamp: iso(at.nowMs),
      duration: "PT0S",
      correlationId: at.correlationId,
      validatedResources: plan.resources.filter(isWritten).map(({ id }) => ({ id })),
    },
  };
}

/** A deployment. `steps`: of its run, where they are at hand: they tell which resources there are. */
export function toDeploymentBody(deployment: Deployment, steps: readonly DeploymentStep[], nowMs: number): Body {
  const { properties, ...shown } = deployment.shown as { properties: Body };
  const made = steps.filter(({ kind, state }) => kind === "Create" && state === "Succeeded").map(({ target }) => ({ id: target?.id }));
  return {
    id: deploymentResourceId(deployment),
    name: deployment.name,
    type: DEPLOYMENT_TYPE,
    ...shown,
    properties: {
      templateHash: deployment.templateHash,
      ...properties,
      mode: deployment.mode,
      provisioningState: deployment.state,
      timestamp: iso(deployment.endedAt ?? deployment.startedAt),
      duration: duration(deployment.startedAt, deployment.endedAt ?? nowMs),
      correlationId: deployment.correlationId,
      ...(deployment.outputs && { outputs: deployment.outputs }),
      ...(made.length > 0 && { outputResources: made }),
      ...(deployment.error && { error: deployment.error }),
    },
  };
}

/** The status document of a run. */
export function toRunStatus({ state, error }: Deployment): Body {
  return { status: state, ...(error && { error }) };
}

/** `BadRequest` for 400, as ARM writes it. */
function statusWord(status: number | undefined): string | undefined {
  return status === undefined ? undefined : (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, "");
}

function toTarget({ id, resourceType, resourceName }: DeploymentTarget): Body {
  return { id, resourceType, resourceName };
}

/** One operation of a deployment. */
export function toStepBody(deployment: Deployment, step: DeploymentStep, nowMs: number): Body {
  const statusCode = statusWord(step.statusCode);
  return {
    id: `${deploymentResourceId(deployment)}/operations/${step.id}`,
    operationId: step.id,
    properties: {
      provisioningOperation: step.kind,
      provisioningState: step.state,
      timestamp: iso(step.endedAt ?? step.startedAt),
      duration: duration(step.startedAt, step.endedAt ?? nowMs),
      trackingId: deployment.correlationId,
      ...(statusCode !== undefined && { statusCode }),
      ...(step.error && { statusMessage: { error: step.error } }),
      ...(step.target && { targetResource: toTarget(step.target) }),
    },
  };
}
