import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { armDocument } from "@hostrouting/contracts";

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(armDocument);

/** Which schema of the contract a reply of 2xx must fulfil, by the address that was asked. */
const SCHEMAS: readonly (readonly [path: RegExp, schema: string])[] = [
  [/^\/subscriptions\/[^/]+(\/resourcegroups\/[^/]+)?\/resources$/, "GenericResourceList"],
  [/\/providers\/microsoft\.authorization\/permissions$/, "PermissionList"],
  [/^\/providers\/microsoft\.containerservice\/operations$/, "ProviderOperationList"],
  [/^\/providers\/microsoft\.authorization\/provideroperations$/, "ProviderOperationsMetadataList"],
  [/^\/providers\/microsoft\.authorization\/provideroperations\/[^/]+$/, "ProviderOperationsMetadata"],
  [/\/managedclusters\/[^/]+$/, "ManagedCluster"],
  [/\/managedclusters$/, "ManagedClusterList"],
  [/\/agentpools\/[^/]+$/, "AgentPool"],
  [/\/agentpools$/, "AgentPoolList"],
  [/\/agentpools\/[^/]+\/machines$/, "MachineList"],
  [/\/agentpools\/[^/]+\/machines\/[^/]+$/, "Machine"],
  [/\/availableagentpoolversions$/, "AgentPoolAvailableVersions"],
  [/\/agentpools\/[^/]+\/upgradeprofiles\/default$/, "AgentPoolUpgradeProfile"],
  [/\/managedclusters\/[^/]+\/upgradeprofiles\/default$/, "ClusterUpgradeProfile"],
  [/\/kubernetesversions$/, "KubernetesVersionList"],
  [/\/managedclusters\/[^/]+\/listcluster[a-z]+credential$/, "CredentialResults"],
  [/\/maintenanceconfigurations\/[^/]+$/, "MaintenanceConfiguration"],
  [/\/maintenanceconfigurations$/, "MaintenanceConfigurationList"],
  [/\/hostroutings$/, "HostRoutingList"],
  [/\/hostroutings\/default(\/(pause|resume|retry|skip|approve|reject|acknowledge))?$/, "HostRouting"],
  [/\/hostroutings\/default\/nodes$/, "HostRoutingNodeList"],
  [/\/hostroutings\/default\/nodes\/[^/]+$/, "HostRoutingNode"],
  [/\/hostroutings\/default\/findings$/, "RuleFindingList"],
  [/\/hostroutings\/default\/warnings$/, "HostRoutingWarningList"],
  [/\/hostroutings\/default\/policies$/, "HostRoutingManagedPolicyList"],
  [/\/hostroutings\/default\/policies\/[^/]+$/, "HostRoutingManagedPolicy"],
  [/\/hostroutings\/default\/operations$/, "HostRoutingPastOperationList"],
  [/\/hostroutings\/default\/operations\/[^/]+$/, "HostRoutingPastOperation"],
  [/\/hostroutings\/default\/usage$/, "HostRoutingUsageList"],
  [/\/operationresults\/[^/]+\?.*\bt=patch\b/, "ManagedCluster"],
  [/\/locations\/[^/]+\/operations\/[^/]+$/, "OperationStatus"],
  [/\/auditevents$/, "AuditEventList"],
  [/\/operationresults\/[^/]+$/, "AssessmentReport"],
];

function schemaFor(path: string, status: number): string | undefined {
  if (status >= 400) return "ErrorResponse";
  const plain = (path.split("?", 1)[0] ?? "").replace(/\/+/g, "/").replace(/\/$/, "").toLowerCase();
  return SCHEMAS.find(([pattern]) => pattern.test(pattern.source.includes("t=") ? path.toLowerCase() : plain))?.[1];
}

/**
 * Holds a reply with a body to the contract: what is documented there is sent so, and every refusal has an ARM error body.
 * @throws Error that names the member that does not fit.
 */
export function checkContract(path: string, status: number, text: string): void {
  const schema = schemaFor(path, status);
  if (schema === undefined || text === "") return;
  const validate = ajv.getSchema(`arm#/components/schemas/${schema}`);
  if (validate === undefined) throw new Error(`The contract has no schema ${schema}`);
  if (!validate(JSON.parse(text)))
    throw new Error(`The reply to ${path} (${status}) is no ${schema}: ${ajv.errorsText(validate.errors)}\n${text}`);
}
