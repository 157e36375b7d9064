import type { Brand, FencingToken, Instant, OperationId } from "./brand.ts";
import type { OperationError } from "./operation.ts";

/** Lower-cased ARM resource id of a template deployment. */
export type DeploymentId = Brand<string, "DeploymentId">;

/** Where a deployment stands; the last three are final. */
export type DeploymentState = "Accepted" | "Running" | "Succeeded" | "Failed" | "Canceled";
/** Complete also deletes resources of the group that the template does not name. */
export type DeploymentMode = "Incremental" | "Complete";

/** Whether a deployment, or a step of one, has ended. */
export function isDeploymentOver(state: DeploymentState): boolean {
  return state === "Succeeded" || state === "Failed" || state === "Canceled";
}

/** JSON that is kept for whoever asked, and not looked into. */
type Kept = Readonly<Record<string, unknown>>;

/** A fault in ARM's words, with those that caused it. */
export type DeploymentError = OperationError & { readonly target?: string; readonly details?: readonly DeploymentError[] };

/**
 * One run of a template. A later run under the same name takes its place, with another `runId`.
 * Values of secure parameters are in none of its members.
 */
export type Deployment = {
  readonly id: DeploymentId;
  readonly subscriptionId: string;
  /** In the casing of whoever deployed. */
  readonly resourceGroup: string;
  readonly name: string;
  /** Names this run in the URL of its status. */
  readonly runId: OperationId;
  readonly mode: DeploymentMode;
  readonly state: DeploymentState;
  readonly correlationId: string;
  readonly templateHash: string;
  /** As whom resources are written: what the token said, never the token. */
  readonly principal: Kept;
  /** All that its plan is made of, so that it can be made again; without what is secure. */
  readonly input: Kept;
  /** What replies show of its plan. */
  readonly shown: Kept;
  /** There were secure values; only the process that accepted the run knows them. */
  readonly hasSecrets: boolean;
  readonly outputs: Kept | undefined;
  readonly error: DeploymentError | undefined;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
};

/** What a step does. */
export type DeploymentStepKind = "Create" | "Delete" | "EvaluateDeploymentOutput";

/** What a step is done to. */
export type DeploymentTarget = {
  /** Resource id. */
  readonly id: string;
  readonly resourceType: string;
  readonly resourceName: string;
  readonly apiVersion: string;
};

/** One thing that a run did or does. */
export type DeploymentStep = {
  /** Same in every try of the run: the resource's id in lower case, or the step's kind. */
  readonly key: string;
  /** UUID under which ARM shows it. */
  readonly id: string;
  readonly kind: DeploymentStepKind;
  readonly target: DeploymentTarget | undefined;
  readonly state: Exclude<DeploymentState, "Accepted">;
  /** HTTP status of the last word on it; absent before the first. */
  readonly statusCode: number | undefined;
  readonly error: DeploymentError | undefined;
  /** Path and query where the end of an accepted request is learnt. */
  readonly followUrl: string | undefined;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
};

/** The right to act on one run until it expires on the database's clock. */
export type DeploymentLease = {
  readonly deploymentId: DeploymentId;
  readonly runId: OperationId;
  readonly holder: string;
  readonly token: FencingToken;
};
