import type { DeploymentLease } from "@hostrouting/domain";
import type { JsonPath, TemplatePlan } from "@hostrouting/template";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { Store } from "@hostrouting/store";
import type { InternalCall, InternalReply, InternalRequest } from "../arm/internal-call.ts";
import type { Principal } from "../arm/principal.ts";
import type { DeploymentInput } from "./deployment-input.ts";
import type { Ask } from "./resolve-references.ts";

/** What runs of deployments need from outside. */
export type RunDeps = {
  /** @throws AppError `store.unavailable` */
  readonly store: () => Store;
  readonly clock: Clock;
  /** A new UUID. */
  readonly newId: () => string;
  readonly logger: Logger;
  /** Makes a request of our own surface. */
  readonly call: (call: InternalCall, request: InternalRequest) => Promise<InternalReply>;
};

/** A run as whoever accepted it knows it: with its secrets, which are nowhere else. */
export type AcceptedRun = { readonly input: DeploymentInput; readonly plan: TemplatePlan };

/** One run while this process holds it. The maps are by the keys of steps. */
export type RunContext = {
  readonly lease: DeploymentLease;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly mode: "Incremental" | "Complete";
  readonly plan: TemplatePlan;
  readonly principal: Principal;
  readonly correlationId: string;
  /** When a step may be asked about again, by the clock of this process. */
  readonly waitUntil: Map<string, number>;
  /** How many requests in a row told nothing about a step. */
  readonly unanswered: Map<string, number>;
};

/** Asks our own surface as whoever deployed. */
export function asDeployer(deps: RunDeps, run: RunContext, securePaths?: readonly JsonPath[]): Ask {
  const { principal, correlationId } = run;
  return (request) => deps.call({ principal, correlationId, ...(securePaths && { securePaths }) }, request);
}
