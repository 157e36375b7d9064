import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, type AssessmentId, type AssessmentRequest, type Instant } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { parseAssessment } from "./assessment-body.ts";
import { operationUrl } from "./follow-operation.ts";
import { clusterNotFound, findCluster } from "./managed-cluster-routes.ts";
import { principalOf } from "./request-context.ts";
import { CLUSTER_TYPE, HOST_ROUTING_TYPE } from "./resource-ids.ts";

type Asked = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly kind: AssessmentRequest["kind"] };

/** Writes a question down for whoever holds the cluster. It changes nothing, so nothing that is under way refuses it. */
async function ask(deps: Deps, { request, reply, kind }: Asked): Promise<void> {
  const cluster = await findCluster(deps, request);
  const { rolloutPolicy: current } = await deps.store().clusters.status(cluster.id);
  const wish = parseAssessment(request.body, { current, now: as<Instant>(deps.clock.now()) });
  const { tenantId, objectId } = principalOf(request);
  const id = as<AssessmentId>(deps.newId());
  const asked = await deps.store().assessments.request({ id, clusterId: cluster.id, kind, ...wish, tenantId, objectId });
  if (asked === "Absent") throw clusterNotFound(cluster);
  void deps.doorbell.ring(cluster.id);
  const status = operationUrl(deps, request, { cluster, operationId: id });
  reply
    .code(202)
    .header("azure-asyncoperation", status)
    .header("location", status.replace("/operations/", "/operationresults/"))
    .header("retry-after", deps.settings.retryAfterSeconds)
    .send();
}

/** Questions about a cluster that change nothing. */
export function assessmentRoutes(app: FastifyInstance, deps: Deps): void {
  const type = HOST_ROUTING_TYPE.slice(CLUSTER_TYPE.length);
  const base = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name${type}/default`;
  for (const kind of ["Validate", "WhatIf"] as const)
    app.post(`${base}/${kind}`, async (request, reply) => {
      await ask(deps, { request, reply, kind });
      return reply;
    });
}
