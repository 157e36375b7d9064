/**
 * Journeys on a node with a kernel of its own: `npm start` with a virtual machine beside a node of namespaces. What a node's own kernel must
 * allow (denying by BPF) is proved here and nowhere else. The same on the older kernel, with kube-proxy in nftables mode, is in test/long.
 */
import { guardedMachine } from "./guarded-machine.ts";

await guardedMachine({ kernel: "6.12", kubeProxyMode: "iptables", thorough: false });
