import type { Manifest } from "./apply-manifests.ts";
import { inFamilies, LAB_NETWORK, type ServiceRanges } from "./lab-plan.ts";

/** Destinations that keep the pod's own address. */
export function notMasqueraded(serviceCidrs: ServiceRanges): string[] {
  return [...inFamilies(serviceCidrs, LAB_NETWORK.podCidrs), ...serviceCidrs, ...inFamilies(serviceCidrs, LAB_NETWORK.nodeCidrs)];
}

/** Link-local ranges, which ip-masq-agent puts before those of its configuration. */
export const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"] as const;

/**
 * ip-masq-agent's configuration as AKS keeps it: a config map of the platform's own, with keys in capital letters, in kube-system,
 * which the API server makes only a moment after it is ready.
 */
export function masqueradeManifests(serviceCidrs: ServiceRanges): (Manifest & { data?: Record<string, string> })[] {
  const config = { NonMasqueradeCIDRs: notMasqueraded(serviceCidrs), MasqLinkLocal: false, MasqLinkLocalIPv6: false };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "azure-ip-masq-agent-config-reconciled", namespace: "kube-system" },
      data: { "ip-masq-agent-reconciled": JSON.stringify(config, null, 2) },
    },
  ];
}
