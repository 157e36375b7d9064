import { denyPolicy, type ClusterwidePolicy, type EgressDeny } from "./cilium-policy.ts";

/** Name of the policy that stands for the rules by which AKS keeps pods from its nodes' own services. */
export const AZURE_DESTINATIONS_POLICY = "block-azure-destinations";

const tcp = (address: string, ...ports: readonly string[]): EgressDeny => {
  return { toCIDR: [`${address}/32`], toPorts: [{ ports: ports.map((port) => ({ port, protocol: "TCP" })) }] };
};

/**
 * The policy: no pod reaches the wireserver's HTTP service and host plug-in, which hand out the node's credentials, nor the metadata service, which
 * hands out its identity. The wireserver's name service on port 53 stays within reach. Pods on the host's network are no endpoints and not concerned.
 */
export const azureDestinationsPolicy: ClusterwidePolicy = denyPolicy(
  AZURE_DESTINATIONS_POLICY,
  "Azure's wireserver and metadata service are for nodes, not for pods.",
  { egress: [tcp("168.63.129.16", "80", "32526"), tcp("169.254.169.254", "80")], ingress: [] },
);
