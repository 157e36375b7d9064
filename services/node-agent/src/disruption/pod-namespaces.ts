import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { NetworkNamespace } from "@hostrouting/bpf-loader";
import { namedCounter } from "../figures/kernel-texts.ts";
import { tcpCounters, type TcpCounters } from "../figures/pod-tcp-totals.ts";

/** A pod's network namespace: its cookie, the pod's name, its established TCP connections right now, and what TCP counted in it. */
export type PodNamespace = { cookie: bigint; pod: string; established: number; tcp?: TcpCounters | undefined };

/**
 * The namespaces of pods among those that the container runtime has named in `folder`. The kernel keeps a gauge of established
 * connections for each namespace, so nothing is walked: a tenth of a millisecond for each pod.
 * @param owners pod names by address; a namespace with none of these addresses is somebody else's and left out.
 */
export function readPodNamespaces(folder: string, owners: ReadonlyMap<string, string>): PodNamespace[] {
  return listNames(folder).flatMap((name) => readOne(join(folder, name), owners) ?? []);
}

/**
 * Whose each namespace is, by cookie: what was known, and what was just found. A pod that is gone keeps its name. Where two namespaces have one
 * pod's address, nothing tells which of them is that pod's, and neither is named for it. Pure.
 */
export function namePods(
  known: ReadonlyMap<bigint, string>,
  found: readonly Pick<PodNamespace, "cookie" | "pod">[],
): ReadonlyMap<bigint, string> {
  const sure = [...Map.groupBy(found, ({ pod }) => pod).values()].flatMap((list) => (list.length === 1 ? list : []));
  return new Map([...known, ...sure.map(({ cookie, pod }) => [cookie, pod] as const)]);
}

/** The number of established connections, from the text of /proc/net/snmp: names on one line, figures on the next. */
export function establishedIn(snmp: string): number {
  return namedCounter(snmp, "Tcp", "CurrEstab") ?? 0;
}

function readOne(file: string, owners: ReadonlyMap<string, string>): PodNamespace | undefined {
  let namespace: NetworkNamespace | undefined;
  try {
    namespace = NetworkNamespace.openNamed(file);
    const { cookie } = namespace;
    return namespace.run(() => {
      const addresses = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
      const pod = addresses.map((address) => owners.get(address)).find((name) => name !== undefined);
      if (pod === undefined) return undefined;
      const snmp = readFileSync("/proc/thread-self/net/snmp", "utf8");
      return { cookie, pod, established: establishedIn(snmp), tcp: tcpCounters(snmp) };
    });
  } catch {
    return undefined; // went while it was read, or is no namespace: nothing of a pod's that lives
  } finally {
    namespace?.close();
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
