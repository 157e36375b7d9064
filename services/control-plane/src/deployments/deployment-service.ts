import type { FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { callInside, type InternalCall, type InternalReply, type InternalRequest } from "../arm/internal-call.ts";
import { deploymentRunner, type DeploymentRunner } from "./deployment-runner.ts";
import { trialTurns } from "./trial-turns.ts";

/** What the routes of deployments work with. */
export type DeploymentService = {
  readonly runner: DeploymentRunner;
  /** Makes a request of this surface, without a connection. */
  readonly call: (call: InternalCall, request: InternalRequest) => Promise<InternalReply>;
  /** Runs a trial when it is its turn. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
};

/** Carries out deployments as long as the server listens; when it closes, others go on with them. */
export function deploymentService(app: FastifyInstance, deps: Deps): DeploymentService {
  const call = (as: InternalCall, request: InternalRequest): Promise<InternalReply> => callInside(app, as, request);
  const runner = deploymentRunner({ ...deps, call });
  app.addHook("onListen", async () => runner.start());
  app.addHook("preClose", () => runner.stop());
  return { runner, call, inTurn: trialTurns() };
}
