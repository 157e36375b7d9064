import type { Rule } from "./rule.ts";
import { settledCluster } from "./rules/pf-002-settled-cluster.ts";
import { powerState } from "./rules/pf-003-power-state.ts";
import { kubernetesVersion } from "./rules/pf-006-kubernetes-version.ts";
import { networkPlugin } from "./rules/pf-007-network-plugin.ts";
import { networkDataplane } from "./rules/pf-008-network-dataplane.ts";
import { policyChains } from "./rules/pf-009-policy-chains.ts";
import { advancedNetworking } from "./rules/pf-010-advanced-networking.ts";
import { nodeOs } from "./rules/pf-011-node-os.ts";
import { windowsNodes } from "./rules/pf-012-windows-nodes.ts";
import { osSources } from "./rules/pf-013-os-sources.ts";
import { confidentialMachines } from "./rules/pf-014-confidential-machines.ts";
import { imagesWithoutLsm } from "./rules/pf-016-images-without-lsm.ts";
import { guardRung } from "./rules/pf-017-guard-rung.ts";
import { kernelVersion } from "./rules/pf-019-kernel-version.ts";
import { staticEgressGateway } from "./rules/pf-021-static-egress-gateway.ts";
import { istioAddOn } from "./rules/pf-022-istio-add-on.ts";
import { unexpectedRules } from "./rules/pf-030-unexpected-rules.ts";
import { forwardPolicy } from "./rules/pf-032-forward-policy.ts";
import { policyName } from "./rules/pf-044-policy-name.ts";
import { policyKind } from "./rules/pf-045-policy-kind.ts";
import { metadataRestriction } from "./rules/pf-046-metadata-restriction.ts";
import { scaling } from "./rules/pf-050-scaling.ts";
import { nodeDisruption } from "./rules/pf-052-node-disruption.ts";
import { workerRights } from "./rules/pf-054-worker-rights.ts";
import { nodesSkipped } from "./rules/pf-058-nodes-skipped.ts";
import { loosePickup } from "./rules/pf-067-loose-pickup.ts";
import { conntrackZones } from "./rules/pf-068-conntrack-zones.ts";
import { ipvsConntrack } from "./rules/pf-069-ipvs-conntrack.ts";

/** The catalogue, in the order of ids. A retired id is never given to another rule. */
export const rules: readonly Rule[] = [
  settledCluster,
  powerState,
  kubernetesVersion,
  networkPlugin,
  networkDataplane,
  policyChains,
  advancedNetworking,
  nodeOs,
  windowsNodes,
  osSources,
  confidentialMachines,
  imagesWithoutLsm,
  guardRung,
  kernelVersion,
  staticEgressGateway,
  istioAddOn,
  unexpectedRules,
  forwardPolicy,
  policyName,
  policyKind,
  metadataRestriction,
  scaling,
  nodeDisruption,
  workerRights,
  nodesSkipped,
  loosePickup,
  conntrackZones,
  ipvsConntrack,
];
