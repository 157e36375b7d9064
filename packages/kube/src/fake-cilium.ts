import { AppError } from "@hostrouting/domain";
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { CiliumAccess, CiliumConfigMap, CiliumNodeConfigObject, CiliumNodeConfigWish } from "./cilium-access.ts";
import { nodeConfigManifest } from "./kubernetes-cilium.ts";
import { CILIUM_AGENT_CONTAINER, CILIUM_AGENT_SELECTOR, CILIUM_CONFIG_NAME, CILIUM_NAMESPACE, CILIUM_OBJECT_PREFIX } from "./names.ts";

type FakeAgent = { pod: V1Pod; config: Readonly<Record<string, string>> };

/** What Cilium's own charts write where host routing is left to the stack: everything that eBPF would need is there. */
const CONFIG: Readonly<Record<string, string>> = {
  "enable-ipv4": "true",
  "enable-ipv4-masquerade": "true",
  "enable-bpf-masquerade": "true",
  "kube-proxy-replacement": "true",
  "routing-mode": "native",
  "enable-host-legacy-routing": "true",
};

const IMAGE = "quay.io/cilium/cilium:v1.18.9";

const isOn = (config: Readonly<Record<string, string>>, key: string): boolean => config[key] === "true";

/**
 * Whether an agent of Cilium's that starts with this configuration routes by eBPF. As Cilium documents it: unless it is told to leave routing to the stack, or
 * misses kube-proxy's replacement, or masquerades by the packet filter, or encrypts by IPsec.
 */
function routesByBpf(config: Readonly<Record<string, string>>): boolean {
  const masquerades = isOn(config, "enable-ipv4-masquerade") || isOn(config, "enable-ipv6-masquerade");
  if (isOn(config, "enable-host-legacy-routing") || isOn(config, "enable-ipsec")) return false;
  return isOn(config, "kube-proxy-replacement") && (!masquerades || isOn(config, "enable-bpf-masquerade"));
}

/**
 * Stands in for a cluster's own Cilium, as it documents itself: an agent's pod reads `cilium-config` when it is made, over it the CiliumNodeConfigs that fit
 * its node in the order of their names, and then no more. It is no Cilium: nothing is routed. Pods come back in `tick` only.
 */
export class FakeCilium {
  config: CiliumConfigMap | undefined;
  readonly nodeConfigs = new Map<string, CiliumNodeConfigObject>();
  /** Nodes whose agents do not become ready when they start. */
  readonly hanging = new Set<string>();
  readonly #agents = new Map<string, FakeAgent>();
  #made = 0;

  /** Somebody installs Cilium; agents come with the next `tick`. */
  install(changes: Readonly<Record<string, string>> = {}): void {
    this.config = { metadata: { name: CILIUM_CONFIG_NAME, namespace: CILIUM_NAMESPACE }, data: { ...CONFIG, ...changes } };
  }

  /** Somebody else's override of nodes that have all of these labels. */
  addNodeConfig(name: string, matchLabels: Readonly<Record<string, string>>, defaults: Readonly<Record<string, string>>): void {
    this.nodeConfigs.set(name, { metadata: { name, namespace: CILIUM_NAMESPACE }, spec: { nodeSelector: { matchLabels }, defaults } });
  }

  /** Its DaemonSet makes what is missing. */
  tick(nodes: ReadonlyMap<string, V1Node>): void {
    for (const name of this.#agents.keys()) if (!nodes.has(name)) this.#agents.delete(name);
    if (this.config === undefined) return;
    for (const [name, node] of nodes) if (!this.#agents.has(name)) this.#agents.set(name, this.#start(name, node));
  }

  /** Whether it was one of Cilium's pods, which is gone now. */
  deletePod(name: string): boolean {
    for (const [node, { pod }] of this.#agents) if (pod.metadata?.name === name) return this.#agents.delete(node);
    return false;
  }

  /** The pods of its agents. */
  pods(): readonly V1Pod[] {
    return [...this.#agents.values()].map(({ pod }) => pod);
  }

  /** How a node routes, as its agent found it when it started. */
  routingOf(node: string): "BPF" | "Legacy" | undefined {
    const agent = this.#agents.get(node);
    return agent && (routesByBpf(agent.config) ? "BPF" : "Legacy");
  }

  access(guard: <T>(name: string, run: () => T) => Promise<T>): CiliumAccess {
    const copy = <T>(value: T): T => structuredClone(value);
    return {
      readConfig: () => guard("readCiliumConfig", () => copy(this.config)),
      listNodeConfigs: () => guard("listNodeConfigs", () => copy([...this.nodeConfigs.values()])),
      listAgents: () => guard("listCiliumAgents", () => copy([...this.pods()])),
      applyNodeConfig: (wish) => guard("applyNodeConfig", () => this.#apply(wish)),
      deleteNodeConfig: (node) => guard("deleteNodeConfig", () => void this.nodeConfigs.delete(`${CILIUM_OBJECT_PREFIX}${node}`)),
      agentStatus: (pod) => guard("ciliumAgentStatus", () => this.#status(pod)),
    };
  }

  #apply(wish: CiliumNodeConfigWish): void {
    const object = nodeConfigManifest(wish);
    this.nodeConfigs.set(object.metadata.name ?? "", structuredClone(object));
  }

  #start(name: string, { metadata }: V1Node): FakeAgent {
    this.#made += 1;
    const labels: Readonly<Record<string, string>> = { "kubernetes.io/hostname": name, ...metadata?.labels };
    const fits = ({ spec }: CiliumNodeConfigObject): boolean =>
      Object.entries(spec.nodeSelector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
    const overrides = [...this.nodeConfigs].toSorted(([a], [b]) => (a < b ? -1 : 1)).filter(([, object]) => fits(object));
    const config = Object.assign({}, this.config?.data, ...overrides.map(([, { spec }]) => spec.defaults ?? {})) as FakeAgent["config"];
    const isReady = !this.hanging.has(name);
    const pod: V1Pod = {
      metadata: {
        namespace: CILIUM_NAMESPACE,
        name: `cilium-${this.#made}`,
        uid: `uid-cilium-${this.#made}`,
        labels: { ...CILIUM_AGENT_SELECTOR },
      },
      spec: {
        nodeName: name,
        initContainers: [{ name: "config", image: IMAGE, command: ["cilium-dbg", "build-config"] }],
        containers: [{ name: CILIUM_AGENT_CONTAINER, image: IMAGE }],
      },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
        containerStatuses: [
          {
            name: CILIUM_AGENT_CONTAINER,
            containerID: `containerd://${this.#made}`,
            ready: isReady,
            restartCount: 0,
            image: "",
            imageID: "",
          },
        ],
      },
    };
    (pod.metadata ?? {}).ownerReferences = [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "cilium", uid: "cilium", controller: true }];
    return { pod, config };
  }

  #status(name: string): string {
    const agent = [...this.#agents.values()].find(({ pod }) => pod.metadata?.name === name);
    if (agent === undefined) throw new AppError("kube.unreachable", { say: `pods "${name}" not found` });
    const { config } = agent;
    return JSON.stringify({
      "kube-proxy-replacement": { mode: isOn(config, "kube-proxy-replacement") ? "True" : "False" },
      masquerading: { mode: isOn(config, "enable-bpf-masquerade") ? "BPF" : "iptables" },
      routing: { "intra-host-routing-mode": routesByBpf(config) ? "BPF" : "Legacy", "inter-host-routing-mode": "Native" },
    });
  }
}
