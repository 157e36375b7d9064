/**
 * Every route of the surface: its address, the right that it asks for, and what the list of operations says about it. Rights, the answer to a
 * wrong method (405 with `Allow`), known namespaces and types, and `/providers/Microsoft.ContainerService/operations` are read from here and
 * nowhere else; `route-catalogue.test.ts` holds that what is registered and what stands here are the same.
 */
import { CLUSTER_TYPE, PROVIDER } from "./resource-ids.ts";

/**
 * How a request's right is judged.
 * - `Anonymous`: needs no token.
 * - `Token`: any token of the tenant; the handler shows what concerns its principal only.
 * - `Scope`: `action` at the address, or above it.
 * - `Items`: a list: `action` at the address, above or anywhere below it; the handler leaves out what may not be read.
 * - `Visible`: any right at, above or below the address: what clients ask before they speak of a resource. A list of things of every type is of this kind; its
 *   handler leaves out what may not be read as what it is.
 */
export type RouteCheck = "Anonymous" | "Token" | "Scope" | "Items" | "Visible";

/** One route. */
export type CatalogueRoute = {
  /** Method and Fastify pattern, with one space between. */
  readonly on: `${"GET" | "PUT" | "PATCH" | "POST" | "DELETE"} /${string}`;
  /** ARM's name of the right; `none` where there is none to be had. */
  readonly action: string;
  /** For people: what it does, as a sentence without its point. */
  readonly says: string;
  /** Absent: `Scope`. */
  readonly check?: RouteCheck;
};

const SUB = "/subscriptions/:sub";
const GROUP = `${SUB}/resourceGroups/:group`;
const CLUSTER = `${GROUP}/providers/${CLUSTER_TYPE}/:name` as const;
const POOLS = `${CLUSTER}/agentPools` as const;
const WINDOWS = `${CLUSTER}/maintenanceConfigurations` as const;
const ROUTINGS = `${CLUSTER}/hostRoutings` as const;
const ROUTING = `${ROUTINGS}/default` as const;
const LOCATION = `${SUB}/providers/${PROVIDER}/locations/:loc` as const;
const RESOURCES = "Microsoft.Resources";
const GROUPS = `${RESOURCES}/subscriptions/resourceGroups` as const;
const FEATURES = `${SUB}/providers/Microsoft.Features` as const;
const FEATURE = "Microsoft.Features/providers/features";
const DEPLOYMENTS = `${GROUP}/providers/${RESOURCES}/deployments` as const;
const DEPLOYMENT = `${DEPLOYMENTS}/:deployment` as const;
/** Without a provider: where az looks for them. */
const STEPS = `${GROUP}/deployments/:deployment/operations` as const;

const AUTHORIZATION = "Microsoft.Authorization";

/** Rights are given away at subscriptions, groups, clusters and their children, by the same routes. */
function authorizationAt(scope: string): readonly CatalogueRoute[] {
  const assignments = `/${scope.slice(1)}/providers/${AUTHORIZATION}/roleAssignments` as const;
  const definitions = `/${scope.slice(1)}/providers/${AUTHORIZATION}/roleDefinitions` as const;
  const permissions = `/${scope.slice(1)}/providers/${AUTHORIZATION}/permissions` as const;
  const right = `${AUTHORIZATION}/roleAssignments`;
  return [
    { on: `GET ${assignments}`, action: `${right}/read`, says: "Lists role assignments" },
    { on: `GET ${assignments}/:assignment`, action: `${right}/read`, says: "Gets a role assignment" },
    { on: `PUT ${assignments}/:assignment`, action: `${right}/write`, says: "Creates a role assignment" },
    { on: `DELETE ${assignments}/:assignment`, action: `${right}/delete`, says: "Deletes a role assignment" },
    { on: `GET ${definitions}`, action: `${AUTHORIZATION}/roleDefinitions/read`, check: "Visible", says: "Lists roles" },
    { on: `GET ${definitions}/:role`, action: `${AUTHORIZATION}/roleDefinitions/read`, check: "Visible", says: "Gets a role" },
    { on: `GET ${permissions}`, action: `${AUTHORIZATION}/permissions/read`, check: "Visible", says: "Lists what the caller may do" },
  ];
}

/** Where rights can be given away, as patterns. */
export const ASSIGNABLE_SCOPES = [SUB, GROUP, CLUSTER, `${CLUSTER}/:childType/:childName`] as const;

/** The routes, by what they speak of. */
export const routeCatalogue: readonly CatalogueRoute[] = [
  // probes, this cloud, and who asks
  { on: "GET /healthz", action: "none", check: "Anonymous", says: "Tells whether the process lives" },
  { on: "GET /readyz", action: "none", check: "Anonymous", says: "Tells whether the process can serve" },
  { on: "GET /metadata/endpoints", action: "none", check: "Anonymous", says: "Describes this cloud" },
  { on: "GET /tenants", action: "none", check: "Token", says: "Lists the tenants of the caller" },
  { on: "GET /subscriptions", action: "none", check: "Token", says: "Lists the subscriptions of the caller" },
  { on: `GET /providers/${PROVIDER}/operations`, action: "none", check: "Token", says: "Lists the operations of the provider" },

  // subscriptions
  { on: `GET ${SUB}`, action: `${RESOURCES}/subscriptions/read`, check: "Visible", says: "Gets a subscription" },
  { on: `GET ${SUB}/locations`, action: `${RESOURCES}/subscriptions/locations/read`, check: "Visible", says: "Lists locations" },
  { on: `GET ${SUB}/operationresults/:result`, action: "none", check: "Token", says: "Gets the result of a removal of a resource group" },

  // resource providers and their features
  { on: "GET /providers", action: "none", check: "Token", says: "Lists resource providers" },
  { on: "GET /providers/:namespace", action: "none", check: "Token", says: "Gets a resource provider" },
  {
    on: `GET ${SUB}/providers`,
    action: `${RESOURCES}/subscriptions/providers/read`,
    check: "Visible",
    says: "Lists resource providers",
  },
  {
    on: `GET ${SUB}/providers/:namespace`,
    action: `${RESOURCES}/subscriptions/providers/read`,
    check: "Visible",
    says: "Gets a resource provider",
  },
  {
    on: `POST ${SUB}/providers/:namespace/register`,
    action: `${RESOURCES}/subscriptions/providers/register/action`,
    says: "Registers a resource provider",
  },
  {
    on: `POST ${SUB}/providers/:namespace/unregister`,
    action: `${RESOURCES}/subscriptions/providers/unregister/action`,
    says: "Unregisters a resource provider",
  },
  { on: `GET ${FEATURES}/features`, action: `${FEATURE}/read`, check: "Visible", says: "Lists preview features" },
  { on: `GET ${FEATURES}/providers/:namespace/features`, action: `${FEATURE}/read`, check: "Visible", says: "Lists preview features" },
  {
    on: `GET ${FEATURES}/providers/:namespace/features/:feature`,
    action: `${FEATURE}/read`,
    check: "Visible",
    says: "Gets a preview feature",
  },
  {
    on: `POST ${FEATURES}/providers/:namespace/features/:feature/register`,
    action: `${FEATURE}/register/action`,
    says: "Registers a preview feature",
  },
  {
    on: `POST ${FEATURES}/providers/:namespace/features/:feature/unregister`,
    action: `${FEATURE}/unregister/action`,
    says: "Unregisters a preview feature",
  },

  // resource groups
  { on: `GET ${SUB}/resourceGroups`, action: `${GROUPS}/read`, check: "Items", says: "Lists resource groups" },
  { on: `GET ${GROUP}`, action: `${GROUPS}/read`, check: "Visible", says: "Gets a resource group" },
  { on: `PUT ${GROUP}`, action: `${GROUPS}/write`, says: "Creates or updates a resource group" },
  { on: `PATCH ${GROUP}`, action: `${GROUPS}/write`, says: "Changes tags of a resource group" },
  { on: `DELETE ${GROUP}`, action: `${GROUPS}/delete`, says: "Deletes a resource group" },

  // resources of every type; each is shown to whoever may read it
  { on: `GET ${SUB}/resources`, action: `${RESOURCES}/subscriptions/resources/read`, check: "Visible", says: "Lists resources" },
  { on: `GET ${GROUP}/resources`, action: `${GROUPS}/resources/read`, check: "Visible", says: "Lists resources of a group" },

  // managed clusters
  { on: `GET ${SUB}/providers/${CLUSTER_TYPE}`, action: `${CLUSTER_TYPE}/read`, check: "Items", says: "Lists managed clusters" },
  { on: `GET ${GROUP}/providers/${CLUSTER_TYPE}`, action: `${CLUSTER_TYPE}/read`, check: "Items", says: "Lists managed clusters" },
  { on: `GET ${CLUSTER}`, action: `${CLUSTER_TYPE}/read`, says: "Gets a managed cluster" },
  { on: `PUT ${CLUSTER}`, action: `${CLUSTER_TYPE}/write`, says: "Creates or updates a managed cluster" },
  { on: `PATCH ${CLUSTER}`, action: `${CLUSTER_TYPE}/write`, says: "Changes a managed cluster" },
  { on: `DELETE ${CLUSTER}`, action: `${CLUSTER_TYPE}/delete`, says: "Deletes a managed cluster" },
  {
    on: `POST ${CLUSTER}/listClusterUserCredential`,
    action: `${CLUSTER_TYPE}/listClusterUserCredential/action`,
    says: "Lists the user's credential of a managed cluster",
  },
  {
    on: `POST ${CLUSTER}/listClusterAdminCredential`,
    action: `${CLUSTER_TYPE}/listClusterAdminCredential/action`,
    says: "Lists the administrator's credential of a managed cluster",
  },
  {
    on: `POST ${CLUSTER}/listClusterMonitoringUserCredential`,
    action: `${CLUSTER_TYPE}/listClusterMonitoringUserCredential/action`,
    says: "Lists the monitoring user's credential of a managed cluster",
  },
  { on: `POST ${CLUSTER}/abort`, action: `${CLUSTER_TYPE}/abort/action`, says: "Aborts the operation under way on a managed cluster" },
  {
    on: `GET ${CLUSTER}/upgradeProfiles/default`,
    action: `${CLUSTER_TYPE}/upgradeProfiles/read`,
    says: "Gets the versions that a managed cluster can be upgraded to",
  },
  { on: `POST ${CLUSTER}/stop`, action: `${CLUSTER_TYPE}/stop/action`, says: "Stops a managed cluster" },
  { on: `POST ${CLUSTER}/start`, action: `${CLUSTER_TYPE}/start/action`, says: "Starts a managed cluster" },
  { on: `POST ${CLUSTER}/runCommand`, action: `${CLUSTER_TYPE}/runCommand/action`, says: "Runs a command in a managed cluster" },
  {
    on: `POST ${CLUSTER}/rotateClusterCertificates`,
    action: `${CLUSTER_TYPE}/rotateClusterCertificates/action`,
    says: "Renews the certificates of a managed cluster",
  },

  // agent pools
  { on: `GET ${POOLS}`, action: `${CLUSTER_TYPE}/agentPools/read`, says: "Lists agent pools" },
  { on: `GET ${POOLS}/:pool`, action: `${CLUSTER_TYPE}/agentPools/read`, says: "Gets an agent pool" },
  { on: `PUT ${POOLS}/:pool`, action: `${CLUSTER_TYPE}/agentPools/write`, says: "Creates or updates an agent pool" },
  { on: `DELETE ${POOLS}/:pool`, action: `${CLUSTER_TYPE}/agentPools/delete`, says: "Deletes an agent pool" },
  {
    on: `GET ${POOLS}/:pool/upgradeProfiles/default`,
    action: `${CLUSTER_TYPE}/agentPools/upgradeProfiles/read`,
    says: "Gets the versions that an agent pool can be upgraded to",
  },
  { on: `GET ${POOLS}/:pool/machines`, action: `${CLUSTER_TYPE}/agentPools/machines/read`, says: "Lists the machines of an agent pool" },
  {
    on: `GET ${POOLS}/:pool/machines/:machine`,
    action: `${CLUSTER_TYPE}/agentPools/machines/read`,
    says: "Gets a machine of an agent pool",
  },
  {
    on: `GET ${CLUSTER}/availableAgentPoolVersions`,
    action: `${CLUSTER_TYPE}/availableAgentPoolVersions/read`,
    says: "Gets the versions that a new agent pool can have",
  },
  {
    on: `POST ${POOLS}/:pool/deleteMachines`,
    action: `${CLUSTER_TYPE}/agentPools/deleteMachines/action`,
    says: "Deletes machines of an agent pool",
  },
  {
    on: `POST ${POOLS}/:pool/upgradeNodeImageVersion`,
    action: `${CLUSTER_TYPE}/agentPools/upgradeNodeImageVersion/action`,
    says: "Upgrades the node image of an agent pool",
  },

  // maintenance configurations
  { on: `GET ${WINDOWS}`, action: `${CLUSTER_TYPE}/maintenanceConfigurations/read`, says: "Lists maintenance configurations" },
  { on: `GET ${WINDOWS}/:configName`, action: `${CLUSTER_TYPE}/maintenanceConfigurations/read`, says: "Gets a maintenance configuration" },
  {
    on: `PUT ${WINDOWS}/:configName`,
    action: `${CLUSTER_TYPE}/maintenanceConfigurations/write`,
    says: "Writes a maintenance configuration",
  },
  {
    on: `DELETE ${WINDOWS}/:configName`,
    action: `${CLUSTER_TYPE}/maintenanceConfigurations/delete`,
    says: "Deletes a maintenance configuration",
  },

  // host routing of a cluster
  { on: `GET ${ROUTINGS}`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists the host routing of a cluster" },
  { on: `GET ${ROUTINGS}/:routing`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Gets the state of host routing" },
  { on: `PUT ${ROUTINGS}/:routing`, action: `${CLUSTER_TYPE}/hostRoutings/write`, says: "Writes the rollout policy" },
  { on: `PATCH ${ROUTINGS}/:routing`, action: `${CLUSTER_TYPE}/hostRoutings/write`, says: "Changes the rollout policy" },
  { on: `GET ${ROUTING}/nodes`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists nodes and how they route" },
  { on: `GET ${ROUTING}/nodes/:node`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Gets a node and how it routes" },
  { on: `GET ${ROUTING}/warnings`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists what people should know" },
  { on: `GET ${ROUTING}/policies`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists managed network policies" },
  { on: `GET ${ROUTING}/policies/:policy`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Gets a managed network policy" },
  { on: `GET ${ROUTING}/operations`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists operations of a cluster" },
  { on: `GET ${ROUTING}/operations/:operation`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Gets an operation of a cluster" },
  { on: `GET ${ROUTING}/findings`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists rules that would be passed by" },
  { on: `GET ${ROUTING}/usage`, action: `${CLUSTER_TYPE}/hostRoutings/read`, says: "Lists how long nodes were enabled" },
  {
    on: `POST ${ROUTING}/validate`,
    action: `${CLUSTER_TYPE}/hostRoutings/validate/action`,
    says: "Runs the checks without changing anything",
  },
  { on: `POST ${ROUTING}/whatIf`, action: `${CLUSTER_TYPE}/hostRoutings/whatIf/action`, says: "Foretells a rollout" },
  { on: `POST ${ROUTING}/pause`, action: `${CLUSTER_TYPE}/hostRoutings/pause/action`, says: "Pauses the rollout" },
  { on: `POST ${ROUTING}/resume`, action: `${CLUSTER_TYPE}/hostRoutings/resume/action`, says: "Resumes the rollout" },
  { on: `POST ${ROUTING}/cancel`, action: `${CLUSTER_TYPE}/hostRoutings/cancel/action`, says: "Cancels the rollout" },
  { on: `POST ${ROUTING}/abort`, action: `${CLUSTER_TYPE}/hostRoutings/abort/action`, says: "Aborts the rollout" },
  { on: `POST ${ROUTING}/retry`, action: `${CLUSTER_TYPE}/hostRoutings/retry/action`, says: "Tries nodes again" },
  { on: `POST ${ROUTING}/skip`, action: `${CLUSTER_TYPE}/hostRoutings/skip/action`, says: "Leaves nodes out of the rollout" },
  { on: `POST ${ROUTING}/approve`, action: `${CLUSTER_TYPE}/hostRoutings/approve/action`, says: "Opens a gate of the rollout" },
  { on: `POST ${ROUTING}/reject`, action: `${CLUSTER_TYPE}/hostRoutings/reject/action`, says: "Refuses a gate of the rollout" },
  {
    on: `POST ${ROUTING}/acknowledge`,
    action: `${CLUSTER_TYPE}/hostRoutings/acknowledge/action`,
    says: "Acknowledges what people must know",
  },
  { on: `POST ${ROUTING}/upgrade`, action: `${CLUSTER_TYPE}/hostRoutings/upgrade/action`, says: "Upgrades the bundle of the nodes" },
  { on: `POST ${ROUTING}/rollback`, action: `${CLUSTER_TYPE}/hostRoutings/rollback/action`, says: "Takes the last operation back" },

  // template deployments
  { on: `GET ${DEPLOYMENTS}`, action: `${RESOURCES}/deployments/read`, says: "Lists deployments" },
  { on: `GET ${DEPLOYMENT}`, action: `${RESOURCES}/deployments/read`, says: "Gets a deployment" },
  { on: `PUT ${DEPLOYMENT}`, action: `${RESOURCES}/deployments/write`, says: "Deploys a template" },
  { on: `DELETE ${DEPLOYMENT}`, action: `${RESOURCES}/deployments/delete`, says: "Forgets a deployment" },
  { on: `POST ${DEPLOYMENT}/cancel`, action: `${RESOURCES}/deployments/cancel/action`, says: "Cancels a deployment" },
  { on: `POST ${DEPLOYMENT}/validate`, action: `${RESOURCES}/deployments/validate/action`, says: "Validates a deployment" },
  { on: `POST ${DEPLOYMENT}/whatIf`, action: `${RESOURCES}/deployments/whatIf/action`, says: "Foretells what a deployment changes" },
  {
    on: `POST ${DEPLOYMENT}/exportTemplate`,
    action: `${RESOURCES}/deployments/exportTemplate/action`,
    says: "Gets the template of a deployment",
  },
  {
    on: `GET ${DEPLOYMENT}/operationStatuses/:run`,
    action: `${RESOURCES}/deployments/operationstatuses/read`,
    says: "Gets the status of a deployment",
  },
  { on: `GET ${DEPLOYMENT}/operations`, action: `${RESOURCES}/deployments/operations/read`, says: "Lists operations of a deployment" },
  {
    on: `GET ${DEPLOYMENT}/operations/:step`,
    action: `${RESOURCES}/deployments/operations/read`,
    says: "Gets an operation of a deployment",
  },
  { on: `GET ${STEPS}`, action: `${RESOURCES}/deployments/operations/read`, says: "Lists operations of a deployment" },
  { on: `GET ${STEPS}/:step`, action: `${RESOURCES}/deployments/operations/read`, says: "Gets an operation of a deployment" },

  {
    on: `GET ${LOCATION}/kubernetesVersions`,
    action: `${PROVIDER}/locations/kubernetesVersions/read`,
    check: "Visible",
    says: "Lists the versions of Kubernetes that clusters can be made with",
  },

  // operations; shown to whoever started them, and to nobody else
  { on: `GET ${LOCATION}/operations/:operation`, action: "none", check: "Token", says: "Gets the status of an operation" },
  { on: `GET ${LOCATION}/operationresults/:operation`, action: "none", check: "Token", says: "Gets the result of an operation" },

  // who did what
  {
    on: `GET ${SUB}/providers/${PROVIDER}/auditEvents`,
    action: `${PROVIDER}/auditEvents/read`,
    says: "Exports the audit of a subscription",
  },

  // who may do what
  { on: `GET /providers/${AUTHORIZATION}/roleDefinitions`, action: "none", check: "Token", says: "Lists roles" },
  { on: `GET /providers/${AUTHORIZATION}/roleDefinitions/:role`, action: "none", check: "Token", says: "Gets a role" },
  {
    on: `GET /providers/${AUTHORIZATION}/providerOperations`,
    action: "none",
    check: "Token",
    says: "Lists the operations of all providers",
  },
  {
    on: `GET /providers/${AUTHORIZATION}/providerOperations/:namespace`,
    action: "none",
    check: "Token",
    says: "Lists the operations of a provider",
  },
  ...ASSIGNABLE_SCOPES.flatMap(authorizationAt),
];
