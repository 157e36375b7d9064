import type { FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { agentPoolRoutes } from "./agent-pool-routes.ts";
import { credentialRoutes } from "./credential-routes.ts";
import { deploymentService } from "../deployments/deployment-service.ts";
import { assessmentRoutes } from "./assessment-routes.ts";
import { auditRoutes } from "./audit-routes.ts";
import { deploymentRoutes } from "./deployment-routes.ts";
import { directoryRoutes } from "./directory-routes.ts";
import { featureRoutes } from "./feature-routes.ts";
import { hostRoutingListRoutes } from "./host-routing-list-routes.ts";
import { hostRoutingPolicyRoutes } from "./host-routing-policy-routes.ts";
import { hostRoutingRoutes } from "./host-routing-routes.ts";
import { maintenanceRoutes } from "./maintenance-routes.ts";
import { managedClusterRoutes } from "./managed-cluster-routes.ts";
import { openRoutes } from "./open-routes.ts";
import { operationRoutes } from "./operation-routes.ts";
import { providerOperationRoutes } from "./provider-operations.ts";
import { providerRoutes } from "./provider-routes.ts";
import { resourceGroupRoutes } from "./resource-group-routes.ts";
import { roleAssignmentRoutes } from "./role-assignment-routes.ts";
import { roleDefinitionRoutes } from "./role-definition-routes.ts";
import { usageRoutes } from "./usage-routes.ts";

/** Every route of the surface; each has its entry in the catalogue. Token requests, which development forwards, are none of them. */
export function addRoutes(app: FastifyInstance, deps: Deps): void {
  openRoutes(app, deps);
  providerOperationRoutes(app);
  directoryRoutes(app, deps);
  providerRoutes(app, deps);
  featureRoutes(app, deps);
  resourceGroupRoutes(app, deps);
  managedClusterRoutes(app, deps);
  agentPoolRoutes(app, deps);
  credentialRoutes(app, deps);
  maintenanceRoutes(app, deps);
  hostRoutingRoutes(app, deps);
  hostRoutingPolicyRoutes(app, deps);
  hostRoutingListRoutes(app, deps);
  assessmentRoutes(app, deps);
  operationRoutes(app, deps);
  usageRoutes(app, deps);
  auditRoutes(app, deps);
  roleAssignmentRoutes(app, deps);
  roleDefinitionRoutes(app);
  deploymentRoutes(app, deps, deploymentService(app, deps));
}
