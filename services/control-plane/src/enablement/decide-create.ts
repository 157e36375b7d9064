import type { ManagedCluster, Provider } from "@hostrouting/domain";
import { clusterProfile } from "@hostrouting/preflight";
import type { ManagedClusterRequest } from "@hostrouting/contracts";
import { ArmError, type ArmFault } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import { clusterIdOf, type ClusterPath } from "../arm/resource-ids.ts";
import type { ClusterConverter } from "../versions/cluster-converter.ts";
import { admissionFaults } from "./admission.ts";
import { newClusterSettings, unmakeableFaults } from "./cluster-defaults.ts";
import { refuseFaults, type Change, type PutDecision } from "./decide-settings.ts";
import { poolFaults } from "./pool-faults.ts";
import { sizeFaults } from "./resource-size.ts";
import { tagFaults } from "./tag-faults.ts";

/** Where a cluster is to be, and who makes it. */
export type Creation = { readonly path: ClusterPath; readonly provider: Provider };

/** A PUT of a name that nobody has; `creation` is absent where this installation makes no clusters. */
export type CreateRequest = Change & {
  readonly request: ManagedClusterRequest;
  readonly converter: ClusterConverter;
  readonly preconditions: Preconditions;
  readonly creation?: Creation | undefined;
};

const LOCATION_REQUIRED = {
  code: "LocationRequired",
  message: "The location property is required for this definition.",
  target: "location",
} as const;

/** Names of regions in either form: "East US 2", "eastus2". */
const LOCATION = /^[a-z0-9][a-z0-9 _-]{0,63}$/i;

function locationFaults(location: string | undefined): readonly ArmFault[] {
  if (location === undefined || location.trim() === "") return [LOCATION_REQUIRED];
  if (LOCATION.test(location)) return [];
  const message = `The location '${location.slice(0, 64)}' is not one: it has at most 64 letters, digits, spaces, '-' and '_'.`;
  return [{ code: "LocationNotAvailableForResourceType", message, target: "location" }];
}

/**
 * What a PUT makes of a name that nobody has: a cluster that its provider is to make, and the operation that ends when it is there and, with mode BpfVeth, routes
 * by eBPF. Everything that is wrong with the request is said at once.
 */
export function decideCreate(given: CreateRequest): PutDecision {
  const { creation, request, principal, operationId, etag, now, name } = given;
  const precondition = whyNotPreconditions(given.preconditions, undefined);
  if (precondition !== undefined) return { result: precondition };
  const noLocation = locationFaults(request.location);
  if (creation === undefined) {
    const message = `There is no managed cluster '${name}', and this installation does not create clusters. Use the name of one that it manages.`;
    return refuseFaults(noLocation) ?? { result: new ArmError(400, { code: "BadRequest", message, target: "name" }) };
  }
  const { path, provider } = creation;
  const settings = newClusterSettings(given.converter.readPut(request, {}), path, provider);
  const { properties } = settings;
  const refusal = refuseFaults([
    ...noLocation,
    ...tagFaults(settings.tags),
    ...sizeFaults(settings),
    ...admissionFaults(properties),
    ...poolFaults(properties, provider),
    ...unmakeableFaults(properties, provider),
  ]);
  if (refusal !== undefined) return refusal;
  const mode = clusterProfile(properties).advancedNetworking.performance.accelerationMode;
  const by = { createdBy: principal.name, createdByType: principal.type, createdAt: now } as const;
  const cluster: ManagedCluster = {
    id: clusterIdOf(path),
    ...path,
    subscriptionId: path.subscriptionId.toLowerCase(),
    location: request.location ?? "",
    ...settings,
    desiredMode: mode,
    generation: 1,
    etag,
    provisioningState: "Creating",
    activeOperationId: operationId,
    provider,
    driver: "bundle",
    accessReference: "",
    systemData: { ...by, lastModifiedBy: principal.name, lastModifiedByType: principal.type, lastModifiedAt: now },
  };
  const { tenantId, objectId } = principal;
  const kind = "CreateManagedCluster" as const;
  const control = { provision: mode === "BpfVeth" ? "First" : "Alone" } as const;
  return {
    change: {
      cluster,
      isNew: true,
      provision: { provider, present: true, generation: 1 },
      begin: { id: operationId, kind, mode, generation: 1, tenantId, objectId, control },
      history: [{ kind: "OperationAccepted", data: { operationId, kind, generation: 1, by: objectId } }],
    },
    result: { cluster, operationId, isNew: true },
  };
}
