import type { Rule } from "./rule.ts";
import { foundInAzure } from "./rules/pf-001-found-in-azure.ts";
import { settledCluster } from "./rules/pf-002-settled-cluster.ts";
import { powerState } from "./rules/pf-003-power-state.ts";
import { upgrades } from "./rules/pf-004-upgrades.ts";
import { locks } from "./rules/pf-005-locks.ts";
import { kubernetesVersion } from "./rules/pf-006-kubernetes-version.ts";
import { networkPlugin } from "./rules/pf-007-network-plugin.ts";
import { networkDataplane } from "./rules/pf-008-network-dataplane.ts";
import { policyChains } from "./rules/pf-009-policy-chains.ts";
import { advancedNetworking } from "./rules/pf-010-advanced-networking.ts";
import { nodeOs } from "./rules/pf-011-node-os.ts";
import { windowsNodes } from "./rules/pf-012-windows-nodes.ts";
import { osSources } from "./rules/pf-013-os-sources.ts";
import { confidentialMachines } from "./rules/pf-014-confidential-machines.ts";
import { podSandboxing } from "./rules/pf-015-pod-sandboxing.ts";
import { imagesWithoutLsm } from "./rules/pf-016-images-without-lsm.ts";
import { guardRung } from "./rules/pf-017-guard-rung.ts";
import { kernelFeatures } from "./rules/pf-018-kernel-features.ts";
import { kernelVersion } from "./rules/pf-019-kernel-version.ts";
import { lockdown } from "./rules/pf-020-lockdown.ts";
import { staticEgressGateway } from "./rules/pf-021-static-egress-gateway.ts";
import { istioAddOn } from "./rules/pf-022-istio-add-on.ts";
import { ambientMesh } from "./rules/pf-023-ambient-mesh.ts";
import { unmanagedMesh } from "./rules/pf-024-unmanaged-mesh.ts";
import { networkPlugins } from "./rules/pf-025-network-plugins.ts";
import { ciliumVersion } from "./rules/pf-026-cilium-version.ts";
import { ciliumConfig } from "./rules/pf-027-cilium-config.ts";
import { ciliumEdits } from "./rules/pf-028-cilium-edits.ts";
import { ciliumRouting } from "./rules/pf-029-cilium-routing.ts";
import { unexpectedRules } from "./rules/pf-030-unexpected-rules.ts";
import { ownTables } from "./rules/pf-031-own-tables.ts";
import { forwardPolicy } from "./rules/pf-032-forward-policy.ts";
import { oneBackend } from "./rules/pf-033-one-backend.ts";
import { otherFilters } from "./rules/pf-034-other-filters.ts";
import { knownImage } from "./rules/pf-035-known-image.ts";
import { kubeProxy } from "./rules/pf-036-kube-proxy.ts";
import { masqueradeConfig } from "./rules/pf-037-masquerade-config.ts";
import { masqueradeRanges } from "./rules/pf-038-masquerade-ranges.ts";
import { sourcePorts } from "./rules/pf-039-source-ports.ts";
import { tableSizes } from "./rules/pf-040-table-sizes.ts";
import { hostPorts } from "./rules/pf-041-host-ports.ts";
import { nodeLocalDns } from "./rules/pf-042-node-local-dns.ts";
import { policyName } from "./rules/pf-044-policy-name.ts";
import { policyKind } from "./rules/pf-045-policy-kind.ts";
import { metadataRestriction } from "./rules/pf-046-metadata-restriction.ts";
import { disruptionBudgets } from "./rules/pf-047-disruption-budgets.ts";
import { podsThatDrainBadly } from "./rules/pf-048-pods-that-drain-badly.ts";
import { capacity } from "./rules/pf-049-capacity.ts";
import { scaling } from "./rules/pf-050-scaling.ts";
import { maintenanceWindow } from "./rules/pf-051-maintenance-window.ts";
import { nodeDisruption } from "./rules/pf-052-node-disruption.ts";
import { headroom } from "./rules/pf-053-headroom.ts";
import { workerRights } from "./rules/pf-054-worker-rights.ts";
import { azureRights } from "./rules/pf-055-azure-rights.ts";
import { admission } from "./rules/pf-056-admission.ts";
import { bundleImage } from "./rules/pf-057-bundle-image.ts";
import { nodesSkipped } from "./rules/pf-058-nodes-skipped.ts";
import { connections } from "./rules/pf-059-connections.ts";
import { hostNetwork } from "./rules/pf-060-host-network.ts";
import { specialNetworking } from "./rules/pf-062-special-networking.ts";
import { writersPresent } from "./rules/pf-063-known-writers.ts";
import { clock } from "./rules/pf-064-clock.ts";
import { azureBudget } from "./rules/pf-066-azure-budget.ts";
import { loosePickup } from "./rules/pf-067-loose-pickup.ts";
import { conntrackZones } from "./rules/pf-068-conntrack-zones.ts";
import { ipvsConntrack } from "./rules/pf-069-ipvs-conntrack.ts";

/** The catalogue, in the order of ids. A retired id is never given to another rule. */
export const rules: readonly Rule[] = [
  foundInAzure,
  settledCluster,
  powerState,
  upgrades,
  locks,
  kubernetesVersion,
  networkPlugin,
  networkDataplane,
  policyChains,
  advancedNetworking,
  nodeOs,
  windowsNodes,
  osSources,
  confidentialMachines,
  podSandboxing,
  imagesWithoutLsm,
  guardRung,
  kernelFeatures,
  kernelVersion,
  lockdown,
  staticEgressGateway,
  istioAddOn,
  ambientMesh,
  unmanagedMesh,
  networkPlugins,
  ciliumVersion,
  ciliumConfig,
  ciliumEdits,
  ciliumRouting,
  unexpectedRules,
  ownTables,
  forwardPolicy,
  oneBackend,
  otherFilters,
  knownImage,
  kubeProxy,
  masqueradeConfig,
  masqueradeRanges,
  sourcePorts,
  tableSizes,
  hostPorts,
  nodeLocalDns,
  policyName,
  policyKind,
  metadataRestriction,
  disruptionBudgets,
  podsThatDrainBadly,
  capacity,
  scaling,
  maintenanceWindow,
  nodeDisruption,
  headroom,
  workerRights,
  azureRights,
  admission,
  bundleImage,
  nodesSkipped,
  connections,
  hostNetwork,
  specialNetworking,
  writersPresent,
  clock,
  azureBudget,
  loosePickup,
  conntrackZones,
  ipvsConntrack,
];
