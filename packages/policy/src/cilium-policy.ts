/** One port, or with `endPort` all up to it. Cilium, api.PortProtocol. */
export type PolicyPort = { readonly port: string; readonly endPort?: number; readonly protocol: "TCP" | "UDP" | "SCTP" };

/** One type of ICMP; codes cannot be told apart. Cilium, api.ICMPField. */
export type PolicyIcmp = { readonly family: "IPv4" | "IPv6"; readonly type: number };

/** What of the traffic a rule denies. Without ports and ICMP types all of it. */
export type DeniedTraffic = {
  readonly toPorts?: readonly { readonly ports: readonly PolicyPort[] }[];
  readonly icmps?: readonly { readonly fields: readonly PolicyIcmp[] }[];
};

/** Denies what pods send to addresses outside of the cluster. */
export type EgressDeny = DeniedTraffic & { readonly toCIDR: readonly string[] };
/** Denies what pods receive from addresses outside of the cluster. */
export type IngressDeny = DeniedTraffic & { readonly fromCIDR: readonly string[] };

/**
 * A specification of deny rules alone, for all pods. `enableDefaultDeny` is false in both directions: otherwise a policy denies everything that it
 * does not allow.
 */
export type DenySpec = {
  readonly description: string;
  readonly endpointSelector: Readonly<Record<string, never>>;
  readonly enableDefaultDeny: { readonly ingress: false; readonly egress: false };
  readonly egressDeny?: readonly EgressDeny[];
  readonly ingressDeny?: readonly IngressDeny[];
};

/** A CiliumClusterwideNetworkPolicy (cilium.io/v2) of ours. */
export type ClusterwidePolicy = {
  readonly apiVersion: "cilium.io/v2";
  readonly kind: "CiliumClusterwideNetworkPolicy";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: DenySpec;
};

/** Label by which objects of ours are known. */
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
/** Its value. */
export const MANAGED_BY = "acns-hostrouting";

type Denials = { readonly egress: readonly EgressDeny[]; readonly ingress: readonly IngressDeny[] };

/** A policy of ours with these deny rules. A direction without rules is left out: Cilium refuses empty lists. */
export function denyPolicy(name: string, description: string, { egress, ingress }: Denials): ClusterwidePolicy {
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
    spec: {
      description,
      endpointSelector: {},
      enableDefaultDeny: { ingress: false, egress: false },
      ...(egress.length === 0 ? {} : { egressDeny: egress }),
      ...(ingress.length === 0 ? {} : { ingressDeny: ingress }),
    },
  };
}
