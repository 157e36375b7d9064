import { readCgroups } from "../../../services/node-agent/src/guard/cgroup-tree.ts";
import type { GuardPrograms } from "../../../services/node-agent/src/guard/guard-programs.ts";
import { decideWriters, type WriterPod } from "../../../services/node-agent/src/guard/writers.ts";
import { cgroup, CGROUPS, type Session } from "./guard-session.ts";

const uidOf = (n: number): string => `0000000${n}-1111-2222-3333-444444444444`;
const CONTAINER = "0123456789abcdef".repeat(4);
const podOf = (n: number, namespace: string, controller: { kind: string; name: string }): WriterPod => {
  const { name } = controller;
  return { uid: uidOf(n), namespace, name, serviceAccount: name, controller };
};

/** A node's cgroups as they are called there. */
const GROUPS = {
  "a pod's container": `kubepods/burstable/pod${uidOf(1)}/${CONTAINER}`,
  "kube-proxy's container": `kubepods.slice/kubepods-pod${uidOf(2).replaceAll("-", "_")}.slice/cri-containerd-${CONTAINER}.scope`,
  kubelet: "system.slice/kubelet.service",
  "systemd-run": "system.slice/run-r0123456789abcdef.service",
  "systemd-run under a service's name": "system.slice/waagent.service",
  "somebody's session": "user.slice/user-0.slice/session-1.scope",
} as const;

/** Who may write as the agent decides it from cgroups and pods: each tries, and a pod tries to be somebody else. */
export function decidedWriters(session: Session, programs: GuardPrograms): void {
  session.set();
  Object.values(GROUPS).forEach(cgroup);
  const pods = [podOf(1, "shop", { kind: "ReplicaSet", name: "cart" }), podOf(2, "kube-system", { kind: "DaemonSet", name: "kube-proxy" })];
  const { permits, scopes } = decideWriters({ cgroups: readCgroups(CGROUPS), pods, transientUnits: new Set(["waagent.service"]) });
  programs.syncScopes(scopes);
  programs.syncCgroups(permits);
  for (const [who, group] of Object.entries(GROUPS)) session.attempt(who, "nft-rule", { group });
  const group = GROUPS["a pod's container"];
  session.attempt("a pod's container", "enter-host", { group });
  session.attempt("a pod's container", "nsenter", { group, command: "/bin/busybox nsenter -t 1 -n -m /bin/evade nft-rule" });
  // root of the node can be anybody on it: see docs/guard.md
  const moved = `/bin/sh -c 'echo $$ > ${CGROUPS}/${GROUPS.kubelet}/cgroup.procs && exec /bin/evade nft-rule'`;
  session.attempt("a pod that moves into kubelet's cgroup", "nft-rule", { group, command: moved });
  programs.syncScopes([]);
  programs.syncCgroups(new Map());
}
