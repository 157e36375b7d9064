/** From a request to a plan: the part that deploying and asking about it have in common. */
import { randomBytes } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { as, type DeploymentId } from "@hostrouting/domain";
import { planTemplate, type JsonObject, type TemplatePlan } from "@hostrouting/template";
import type { Deps } from "../deps.ts";
import { secretParametersOf, toTemplateInput, type DeploymentInput } from "../deployments/deployment-input.ts";
import { deploymentScope } from "../deployments/deployment-scope.ts";
import { problemsError } from "../deployments/resolve-references.ts";
import { ArmError } from "./arm-error.ts";
import { readDeploymentRequest, type DeploymentRequest } from "./deployment-body.ts";
import { deploymentResourceId } from "./deployment-wire.ts";
import { internalCallOf } from "./internal-call.ts";
import type { Principal } from "./principal.ts";
import { pathOf, principalOf } from "./request-context.ts";

/** ARM: 1–64 characters, letters, digits, `-_.()`. */
const NAME = /^[\p{L}\p{N}\-_.()]{1,64}$/u;
const SEED_BYTES = 32;

/** What the address of a deployment names. */
export type DeploymentPath = { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string };

/** Reads the address. @throws ArmError 400 `InvalidDeploymentName` */
export function deploymentPath(request: FastifyRequest): DeploymentPath {
  const { deployment = "" } = request.params as { readonly deployment?: string };
  const { subscriptionId, resourceGroup } = pathOf(request);
  if (NAME.test(deployment)) return { subscriptionId, resourceGroup, name: deployment };
  const message = `The deployment name '${deployment.slice(0, 80)}' is not valid: it must have 1 to 64 letters, digits, '-', '_', '.', '(' or ')'.`;
  throw new ArmError(400, { code: "InvalidDeploymentName", message, target: "name" });
}

/** The key of a deployment. */
export function deploymentIdOf(path: DeploymentPath): DeploymentId {
  return as<DeploymentId>(deploymentResourceId(path).toLowerCase());
}

/** A deployment that can be carried out. */
export type PlannedDeployment = {
  readonly path: DeploymentPath;
  readonly wanted: DeploymentRequest;
  readonly input: DeploymentInput;
  readonly plan: TemplatePlan;
};

/** The code of a template's problems: their own where all have the same one. */
function codeOf(plan: TemplatePlan): string {
  const codes = new Set(plan.problems.map(({ code }) => code));
  const [only = "InvalidTemplate"] = codes;
  return codes.size === 1 ? only : "InvalidTemplate";
}

/** As Azure tells who deploys; an application has no name of a user. */
function deployerOf({ objectId, tenantId, name, type }: Principal): JsonObject {
  return { objectId, tenantId, userPrincipalName: type === "User" ? name : "" };
}

/** Plans what a request asks for. @throws ArmError 400 with all that is wrong with its template and parameters. */
export async function planDeployment(deps: Deps, request: FastifyRequest): Promise<PlannedDeployment> {
  const path = deploymentPath(request);
  const wanted = readDeploymentRequest(request.body);
  const { template, parameters, mode } = wanted;
  const scope = await deploymentScope(deps.store(), path, deps.settings.publicUrl);
  const secretParameters = secretParametersOf(internalCallOf(request)?.securePaths ?? []);
  const seed = randomBytes(SEED_BYTES).toString("base64url");
  const deployer = deployerOf(principalOf(request));
  const nowMs = deps.clock.now();
  const input = { template, parameters, deploymentName: path.name, mode, scope, nowMs, secretParameters, deployer, seed };
  const plan = planTemplate(toTemplateInput(input));
  if (plan.problems.length > 0) throw new ArmError(400, problemsError(codeOf(plan), plan.problems));
  return { path, wanted, input, plan };
}
