import { bootTimeNs } from "../../../services/node-agent/src/guard/boot-time.ts";
import { NodeGuard } from "../../../services/node-agent/src/guard/node-guard.ts";
import { OBJECTS } from "../load-objects.ts";
import { cgroup, hostNamespace } from "./guard-session.ts";

const BEAT_MS = 1000;
const nothing = (): void => undefined;

/** The guard of an agent of this version in the guest. */
export function guardHeldBy(version: string): NodeGuard {
  return new NodeGuard({
    pinRoot: "/sys/fs/bpf/held",
    version,
    objects: OBJECTS,
    namespace: hostNamespace(),
    bootTimeNs,
    now: () => Date.now(),
    logger: { info: nothing, warn: nothing, error: nothing },
    onAttempt: nothing,
    onTampered: nothing,
  });
}

// a process of its own holds the guard until it is killed
if (import.meta.main) {
  const guard = guardHeldBy("held");
  guard.reconcile({ kind: "on", mode: "Enforce", auditUntil: undefined });
  const known = { permitted: false, scope: 0, needsExecutable: false };
  guard.setWriters({ permits: new Map([[cgroup("writers/unlisted"), known]]), scopes: [] });
  setInterval(() => guard.beat(), BEAT_MS);
  process.stdout.write(`${guard.observe().mode}\n`);
}
