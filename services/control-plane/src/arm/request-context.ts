import type { FastifyRequest } from "fastify";
import { AppError, type ManagedCluster } from "@hostrouting/domain";
import type { Access, Asked } from "./access.ts";
import type { ArmAddress } from "./arm-address.ts";
import type { ClusterPath } from "./resource-ids.ts";
import type { Principal } from "./principal.ts";
import { CONTRACT_API_VERSION } from "./api-versions.ts";

/** What the front half of the pipeline found out about a request. */
export type ArmContext = {
  /** `api-version` of the request, once it was accepted. */
  apiVersion: string;
  readonly address: ArmAddress;
  /** Absent on addresses that need no token. */
  principal: Principal | undefined;
  /** What the request's route asks for; absent where there is none, and on addresses that need no token. */
  asked: Asked | undefined;
  /** That it may; absent until the request was judged, and for ever when it was refused. */
  access: Access | undefined;
  /** The cluster that a read is about, of the moment in which it was judged; absent where none was asked for with it. */
  cluster: { readonly found: ManagedCluster | undefined } | undefined;
  /** Whether its entry in the audit stands already, in the transaction of what it changed. */
  isAudited: boolean;
  /** Id that ties together what one client action caused; the client's or ours. */
  readonly correlationId: string;
  /** Whether the front half let it through, so that a refusal is the resource provider's own. */
  isPastGateway: boolean;
};

declare module "fastify" {
  interface FastifyRequest {
    arm: ArmContext;
  }
}

/** A context as it is before any step of the pipeline. */
export function emptyContext(correlationId: string, address: ArmAddress): ArmContext {
  return {
    apiVersion: CONTRACT_API_VERSION,
    address,
    principal: undefined,
    asked: undefined,
    access: undefined,
    cluster: undefined,
    isAudited: false,
    correlationId,
    isPastGateway: false,
  };
}

/** Who asks. Only addresses behind the token step may ask this. */
export function principalOf(request: FastifyRequest): Principal {
  const { principal } = request.arm;
  if (principal === undefined)
    throw new AppError("arm.no-principal", { say: `${request.method} ${request.routeOptions.url} is not behind the token step` });
  return principal;
}

/** The names in the address, decoded. Absent ones are empty text: only routes that have them may use them. */
export function pathOf(request: FastifyRequest): ClusterPath {
  const params = (request.params ?? {}) as Readonly<Record<string, string | undefined>>;
  return { subscriptionId: params["sub"] ?? "", resourceGroup: params["group"] ?? "", name: params["name"] ?? "" };
}

/** The path of a request without its query, doubled slashes collapsed. */
export function plainPath(request: { readonly url: string }): string {
  return (request.url.split("?", 1)[0] ?? "").replace(/\/{2,}/g, "/");
}
