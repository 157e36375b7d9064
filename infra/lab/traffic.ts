import { AppError } from "@hostrouting/domain";
import { connectApi, type ApiClient } from "./api-client.ts";
import { CONTROL_PORT, type PortReuseResult, type RunRequest, type RunStats, type Target } from "./demo/traffic-contract.ts";
import { LAB_NETWORK } from "./lab-plan.ts";
import { waitUntil } from "./wait-until.ts";

/** One traffic client: its pod, and everything that it can connect to. */
export interface TrafficClient {
  readonly pod: string;
  readonly node: string;
  /** The Service in both families, and every replica's addresses, with their paths as seen from this client's node. */
  readonly targets: readonly Target[];
  /** A host beyond the cluster, in both families. */
  readonly outside: readonly Target[];
  /** Starts a run; fails when one is under way. */
  start(run: Omit<RunRequest, "targets">, targets?: readonly Target[]): Promise<void>;
  /** Adds flows that live as long as the run under way. */
  addFlows(targets: readonly Target[]): Promise<void>;
  stats(): Promise<RunStats>;
  /** Ends the run early. */
  stop(): Promise<void>;
  /** Waits until the run has ended and gives its counts. */
  finished(timeoutMs: number): Promise<RunStats>;
  /** Flows that follow each other from one source port, in one family; takes seconds. */
  portReuse(family: "v4" | "v6", hitsWanted: number): Promise<PortReuseResult>;
}

/** All traffic clients of a lab, reached through the API server's pod proxy. */
export interface Traffic {
  readonly clients: readonly TrafficClient[];
  close(): void;
}

/** Port reuse tries hundreds of pairs of flows; a broken one costs 5 s. */
const REUSE_TIMEOUT_MS = 120_000;

const ASK_EVERY_MS = 100;

/** Finds the traffic clients and their targets as they are now. Call it again when pods have been replaced. */
export async function connectTraffic(adminKubeconfig: string): Promise<Traffic> {
  const api = await connectApi(adminKubeconfig);
  const [pods, service] = await Promise.all([
    api.json<PodList>({ method: "GET", path: "/api/v1/namespaces/demo/pods" }),
    api.json<{ spec: { clusterIPs: string[] } }>({ method: "GET", path: "/api/v1/namespaces/demo/services/web" }),
  ]);
  const running = pods.items.filter(({ status, metadata }) => status.phase === "Running" && !metadata.deletionTimestamp);
  const replicas = running.filter(({ metadata }) => metadata.labels?.["app"] === "web");
  const clients = running
    .filter(({ metadata }) => metadata.labels?.["app"] === "traffic")
    .map((pod) => clientOf(api, pod, targetsFrom(pod.spec.nodeName, replicas, service.spec.clusterIPs)));
  return { clients, close: () => api.close() };
}

interface Pod {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>>; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly phase: string; readonly podIPs?: readonly { readonly ip: string }[] };
}

interface PodList {
  readonly items: readonly Pod[];
}

function targetsFrom(node: string, replicas: readonly Pod[], clusterIps: readonly string[]): Target[] {
  const service = clusterIps.map((ip): Target => ({ path: "service", ip, family: familyOf(ip) }));
  const direct = replicas.flatMap((pod) => {
    const path = pod.spec.nodeName === node ? ("pod-same" as const) : ("pod-other" as const);
    return (pod.status.podIPs ?? []).map(({ ip }): Target => ({ path, ip, family: familyOf(ip) }));
  });
  return [...service, ...direct];
}

function familyOf(ip: string): "v4" | "v6" {
  return ip.includes(":") ? "v6" : "v4";
}

function clientOf(api: ApiClient, pod: Pod, targets: readonly Target[]): TrafficClient {
  const name = pod.metadata.name;
  const base = `/api/v1/namespaces/demo/pods/${name}:${CONTROL_PORT}/proxy`;
  const stats = (): Promise<RunStats> => api.json<RunStats>({ method: "GET", path: `${base}/stats` });
  return {
    pod: name,
    node: pod.spec.nodeName,
    targets,
    outside: LAB_NETWORK.outside.map((ip): Target => ({ path: "outside", ip, family: familyOf(ip) })),
    stats,
    start: async (run, chosen = targets) =>
      void (await api.json({ method: "POST", path: `${base}/run`, body: { ...run, targets: chosen } })),
    addFlows: async (chosen) => void (await api.json({ method: "POST", path: `${base}/flows`, body: { targets: chosen } })),
    stop: async () => void (await api.json({ method: "POST", path: `${base}/stop`, body: {} })),
    finished: (timeoutMs) =>
      waitUntil({ what: `traffic client ${name} to finish`, everyMs: ASK_EVERY_MS, timeoutMs, remedy: "Look at its log" }, async () => {
        const seen = await stats();
        return seen.running ? undefined : seen;
      }),
    portReuse: (family, hitsWanted) => {
      const service = targets.find((target) => target.path === "service" && target.family === family);
      if (!service) throw new AppError("traffic.no-service", { say: `The Service has no ${family} address`, do: "Use a dual-stack lab" });
      const pods = targets.filter((target) => target.path !== "service" && target.family === family).map(({ ip }) => ip);
      return api.json({
        method: "POST",
        path: `${base}/port-reuse`,
        body: { service: service.ip, pods, hitsWanted },
        timeoutMs: REUSE_TIMEOUT_MS,
      });
    },
  };
}
