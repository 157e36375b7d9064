import type { PodFacts } from "./facts.ts";

/** A program that is known to write packet filter rules on its node. `pods`: what its pods' label or images look like. */
export type KnownWriter = { readonly name: string; readonly pods: RegExp; readonly writes: string };

/** Versioned with the rules: what a release knows, it names. Policy engines are PF-009's, rules that are there already PF-030's. */
export const knownWriters: readonly KnownWriter[] = [
  { name: "Tailscale", pods: /\btailscale(d)?\b/, writes: "chains ts-*" },
  { name: "NetBird", pods: /\bnetbird\b/, writes: "nft tables of its own" },
  { name: "WireGuard", pods: /\bwg-(easy|access-server)\b|\/wireguard:/, writes: "MASQUERADE and FORWARD rules of its PostUp" },
  { name: "CrowdSec", pods: /\b(crowdsec|cs)-firewall-bouncer\b/, writes: "drops by sets of addresses" },
  { name: "fail2ban", pods: /\bfail2ban\b/, writes: "chains f2b-*" },
  { name: "Docker", pods: /(^|\/)docker:[^/]*dind|\bdocker-dind\b/, writes: "chains DOCKER*" },
  { name: "AAD Pod Identity", pods: /(^|\/)nmi(:|$)|\baad-pod-identity\b/, writes: "redirects of the metadata service" },
  { name: "kiam or kube2iam", pods: /\b(kiam-agent|kube2iam)\b/, writes: "redirects of the metadata service" },
  { name: "Blob NFS (aznfs)", pods: /\bcsi-blob-node\b|\/blob-csi\b/, writes: "DNAT of the node's own traffic" },
  { name: "NeuVector", pods: /\bneuvector\/enforcer\b|\bneuvector-enforcer-pod\b/, writes: "redirects of pods' traffic" },
  { name: "Prisma Cloud Defender", pods: /\btwistlock-defender\b|\/defender:defender_/, writes: "rules of its firewall for hosts" },
];

/** The writer that a pod is, or nothing. */
export function writerOf({ app, images }: PodFacts): KnownWriter | undefined {
  return knownWriters.find(({ pods }) => pods.test(app) || images.some((image) => pods.test(image)));
}
