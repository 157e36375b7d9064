import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-018: the kernel describes its types (BTF), and file systems for BPF and cgroup v2 are mounted. */
export const kernelFeatures = nodePrecondition({
  id: "PF-018",
  title: "What the programs need of the kernel",
  name: "KernelFeatures",
  severity: blocks,
  isOptional: true,
  remedy:
    "Use a node image whose kernel is built with CONFIG_DEBUG_INFO_BTF, and which mounts /sys/fs/bpf and cgroup v2, as AKS' images do.",
});
