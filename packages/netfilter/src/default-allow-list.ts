import type { AllowDocument } from "./allow-entry.ts";
import { aksEntries } from "./owned-aks-rules.ts";
import { ciliumEntries } from "./owned-cilium-rules.ts";
import { cniEntries } from "./owned-cni-rules.ts";
import { kubeletEntries, kubeProxyEntries } from "./owned-kube-rules.ts";
import { kubeProxyNftEntries } from "./owned-kube-proxy-nft.ts";

/** Grows with every change of an entry. */
const VERSION = 3;

/**
 * The rules that nodes have without anybody's doing. kube-proxy's are among them because Services stay with the stack where it runs. What needs
 * the stack for pods' packets (network policy by Calico or Azure NPM, ambient Istio) is not, and must not get here.
 */
export const defaultAllowList: AllowDocument = {
  version: VERSION,
  entries: [...aksEntries, ...kubeletEntries, ...kubeProxyEntries, ...kubeProxyNftEntries, ...cniEntries, ...ciliumEntries],
};
