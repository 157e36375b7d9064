import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { watchNetwork } from "@hostrouting/bpf-loader";
import type { HostRoutingConfigSpec, HostRoutingNodeSpec } from "@hostrouting/contracts";
import { explain } from "@hostrouting/domain";
import { createLogger, endInOrder, MetricsServer, readConfig, startLoop, systemClock, type Logger } from "@hostrouting/runtime";
import { AGENT_SETTINGS } from "./agent-config.ts";
import { AgentLoop } from "./agent-loop.ts";
import { ConnectionCensus } from "./census/connection-census.ts";
import { NodeCanary } from "./canary/node-canary.ts";
import { DisruptionMeter } from "./disruption/disruption-meter.ts";
import { readPodNamespaces, type PodNamespace } from "./disruption/pod-namespaces.ts";
import { startEventWriter, type EventSource, type EventWriterOptions } from "./events/event-writer.ts";
import { NodeWatch } from "./events/node-watch.ts";
import { NodeFigures, type FigureSources } from "./figures/node-figures.ts";
import { PodTcpTotals } from "./figures/pod-tcp-totals.ts";
import { routingDigest } from "./figures/routing-digest.ts";
import { GuardKeeper, type GuardKeeperOptions } from "./guard/guard-keeper.ts";
import { probeHook } from "./host-routing/device-hooks.ts";
import { probeGate } from "./host-routing/gate-variant.ts";
import { NodeDatapath, type NodeDatapathOptions } from "./host-routing/node-datapath.ts";
import { ClusterApi, statusWrite } from "./kube/cluster-api.ts";
import { followOwnNode } from "./kube/own-node.ts";
import { watchObject } from "./kube/watched-object.ts";
import { watchMasquerade, type MasqueradeWatch, type MasqueradeWatchOptions } from "./masquerade/masquerade-watch.ts";
import { agentMetrics } from "./metrics/agent-metrics.ts";
import { metricsEndpoints } from "./metrics/metrics-endpoints.ts";
import { watchPods, type WatchedPods } from "./pods/watched-pods.ts";
import { watchPolicies } from "./policy/policy-watch.ts";
import { NodeProbes } from "./probes/node-probes.ts";
import { watchPreconditions } from "./preconditions/precondition-watch.ts";
import { readNodeFacts, readOrEmpty } from "./report/node-facts.ts";
import { ruleTellings } from "./rules/rule-news.ts";
import { nodeRuleReaders } from "./rules/rule-readers.ts";
import { watchRules, type RuleWatch, type RuleWatchOptions } from "./rules/rule-watch.ts";
import { allPreconditions } from "./rules/rules-precondition.ts";

const COLLECTIONS = "/apis/hostrouting.acns.azure.com/v1alpha1";
/** Four beats within HR_HEARTBEAT_STALE_NS (bpf/shared/host_routing.h). */
const HEARTBEAT_MS = 500;
/** A pod's device, address and routes come as a burst of messages; one look after it is enough. */
const FOLLOW_DELAY_MS = 10;
const FAULT_PAUSE_MS = 1000;
const DRAIN_MS = 2000;
const SELF_TEST_EVERY_MS = 5 * 60_000;
/** Where containerd names the namespaces of pods. */
const POD_NAMESPACES = "/run/netns";
const END_GRACE_MS = 5000;
const AGENT_VERSION = "0.1.0";

/** Builds the real parts and runs until told to end. Ending detaches nothing: traffic does not depend on this process. */
function main(): void {
  const config = readConfig(AGENT_SETTINGS, process.env);
  const logger = createLogger("node-agent", config.logLevel);
  const bundleDigest = readFileSync(config.digestFile, "utf8").trim();
  const hook = probeHook();
  const gate = probeGate(config.objectPath);
  const version = bundleDigest.replace(/^sha256:/, "").slice(0, 12);
  const datapath = openDatapath(config, { hook, gate, version });
  const canary = new NodeCanary();
  canary.removeLeftovers();
  const probes = openProbes(config, { datapath, logger, onChange: () => (loop.wake(), events.wake()) });
  const heartbeat = setInterval(() => attempt(logger, "heartbeat", () => datapath.beat()), HEARTBEAT_MS);
  const api = new ClusterApi({ host: config.apiHost, port: config.apiPort, serviceAccountDir: config.serviceAccountDir });
  const policies = watchPolicies({ api, stateDir: config.stateDir, clock: systemClock, logger, onChange: () => loop.wake() });
  datapath.setDenied(policies.decide().table);
  attempt(logger, "first look at the network", () => (datapath.follow(), datapath.beat()));
  const stopFollowing = followNetwork(logger, datapath);
  const watch = <Spec>(collection: string, name: string) =>
    watchObject<Spec>({ api, collection: `${COLLECTIONS}/${collection}`, name, logger, onChange: () => loop.wake() });
  const order = watch<HostRoutingNodeSpec>("hostroutingnodes", config.nodeName);
  const clusterConfig = watch<HostRoutingConfigSpec>("hostroutingconfigs", "default");
  const followKnownPods = (): void => attempt(logger, "following pods", () => (datapath.setPods(pods.known()), datapath.follow()));
  const pods = watchPods({ api, nodeName: config.nodeName, logger, onChange: followKnownPods });
  const masquerade = followMasquerade(config, { api, logger, pods, onChange: () => loop.wake() });
  const preconditions = watchPreconditions({ logger, onChange: () => loop.wake() });
  const rules = nodeRules(config, { logger, onChange: () => (loop.wake(), events.wake()), nodeImage: () => ownNode.last()?.image });
  const guard = keepGuard(config, version, { pods, rules, onNews: () => events.wake(), logger });
  const facts = { ...readNodeFacts(config.osReleaseFile, { hook, gate }), guardRung: guard.rung() };
  // Which rules are expected depends on the image.
  const ownNode = followOwnNode(api, config.nodeName, () => (events.wake(), rules.look()));
  const news = watchNode(config, logger, () => events.wake());
  const sources = eventSources(rules, [guard, probes, news]);
  const events = startEventWriter({ ...eventSettings(config), api, ownNode: ownNode.last, sources, clock: systemClock, logger });
  const agent = new AgentLoop({
    guard,
    news,
    datapath,
    canary,
    probes,
    ...measureNode(pods),
    order: () => specOf(order.current()),
    config: () => specOf(clusterConfig.current()),
    readOwnNode: ownNode.read,
    writeStatus: (status) => api.patch(statusWrite(statusPath(config), status)),
    masquerade: masquerade.decide,
    rules: () => rules.current(),
    policies: (generation) => policies.decide(generation),
    podAddresses: () => pods.known()?.flatMap((pod) => pod.addresses) ?? [],
    facts: () => ({ ...facts, ...allPreconditions(preconditions.current(), rules.current()?.precondition) }),
    identity: { bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), bundleDigest, agentVersion: AGENT_VERSION },
    stateDir: config.stateDir,
    statusIntervalMs: config.statusIntervalMs,
    clock: systemClock,
    logger,
  });
  const metrics = serveMetrics({ agent, guard, rules, logger, config: () => specOf(clusterConfig.current()) });
  const loop = startLoop({ name: "agent", logger, faultPauseMs: FAULT_PAUSE_MS, round: () => (metrics.follow(), agent.round()) });
  logger.info({ node: config.nodeName, bundleDigest, adopted: datapath.present }, "node agent runs");
  endInOrder(logger, END_GRACE_MS, async () => {
    clearInterval(heartbeat);
    stopFollowing();
    await stopAll([loop, order, clusterConfig, pods, masquerade, preconditions, rules, policies, events, metrics]);
    api.close();
    canary.end();
    guard.stop();
    probes.end();
    attempt(logger, "last heartbeat", () => datapath.endBeat());
    datapath.close();
  });
}

async function stopAll(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(running.map((part) => part.stop()));
}

type MeasuredParts = {
  agent: AgentLoop;
  guard: GuardKeeper;
  rules: RuleWatch;
  logger: Logger;
  config: () => HostRoutingConfigSpec | null | undefined;
};

/** Tells what is known anyway, when it is asked, where the configuration of the moment says. */
function serveMetrics({ agent, guard, rules, logger, config }: MeasuredParts): { follow: () => void; stop: () => Promise<void> } {
  const collect = (): ReturnType<typeof agentMetrics> => {
    return agentMetrics({
      agentVersion: AGENT_VERSION,
      status: agent.last()?.status,
      packets: agent.last()?.seen.counters,
      devices: agent.last()?.seen.devices,
      guard: guard.observe(),
      attemptsToldOf: guard.attemptsToldOf(),
      rules: rules.current()?.verdict.counts,
    });
  };
  const server = new MetricsServer({ collect, logger, monotonicNow: () => performance.now() });
  return {
    follow: () => server.follow(metricsEndpoints(config(), agent.last()?.nodeAddresses ?? [])),
    stop: async () => server.stop(),
  };
}

type Config = ReturnType<typeof readConfig<typeof AGENT_SETTINGS>>;
type Found = Pick<NodeDatapathOptions, "hook" | "gate" | "version">;

function openDatapath(config: Config, found: Found): NodeDatapath {
  return new NodeDatapath({
    ...found,
    pinRoot: config.pinRoot,
    objectPath: config.objectPath,
    adopt: config.adoptFlows === "true",
    drainMs: DRAIN_MS,
    selfTestEveryMs: SELF_TEST_EVERY_MS,
    monotonicNs: () => process.hrtime.bigint(),
    disruption: measuring(config, found.version),
  });
}

type RuleParts = Pick<RuleWatchOptions, "logger" | "onChange" | "nodeImage">;

function nodeRules({ objectPath }: Config, parts: RuleParts): RuleWatch {
  return watchRules({ ...parts, clock: systemClock, readers: nodeRuleReaders(objectPath) });
}

type MasqueradeParts = Pick<MasqueradeWatchOptions, "api" | "logger" | "onChange"> & { pods: WatchedPods };

function followMasquerade({ masqueradeConfigDir, stateDir }: Config, { pods, ...rest }: MasqueradeParts): MasqueradeWatch {
  return watchMasquerade({
    ...rest,
    configFolder: masqueradeConfigDir,
    keptFile: join(stateDir, "masquerade-config.json"),
    hostPorts: () => pods.known()?.flatMap((pod) => pod.hostPorts),
  });
}

type GuardParts = Pick<GuardKeeperOptions, "onNews" | "logger"> & { pods: WatchedPods; rules: RuleWatch };

function keepGuard(config: Config, version: string, { pods, rules, ...rest }: GuardParts): GuardKeeper {
  return new GuardKeeper({
    ...rest,
    pinRoot: config.pinRoot,
    version,
    objects: dirname(config.objectPath),
    cgroups: config.hostCgroups,
    transientUnits: config.hostTransientUnits,
    pods: () => pods.known(),
    lastScan: () => rules.lastScan(),
    lookAtRules: () => rules.look(),
    lookAtRulesNow: () => rules.lookNow(),
    now: () => systemClock.now(),
  });
}

/** The API server is what every pod reaches. */
function openProbes(
  { apiHost: address, apiPort: port }: Config,
  { datapath, logger, onChange }: { datapath: NodeDatapath; logger: Logger; onChange: () => void },
): NodeProbes {
  const prepare = (): void => attempt(logger, "following the probe", () => datapath.follow());
  const onReached = (note: string): void => logger.warn({ note }, "a pod reaches what a policy denies");
  const probes = new NodeProbes({ control: { address, port }, prepare, onChange, onReached, now: () => systemClock.now() });
  probes.removeLeftovers();
  return probes;
}

function watchNode({ stateDir }: Config, logger: Logger, onNews: () => void): NodeWatch {
  return new NodeWatch({ file: join(stateDir, "node-news.json"), clock: systemClock, logger, onNews });
}

function eventSources(rules: RuleWatch, parts: readonly { tellings: EventSource }[]): EventSource[] {
  return [
    (node) => ruleTellings(rules.news(), node, systemClock.now()),
    ...parts.map(
      (part): EventSource =>
        (node) =>
          part.tellings(node),
    ),
  ];
}

/** Without a pod's name (outside of a cluster's pod) Events come from the node. */
function eventSettings({ nodeName, podName, stateDir }: Config): Pick<EventWriterOptions, "nodeName" | "reportingInstance" | "file"> {
  return { nodeName, reportingInstance: podName === "" ? nodeName : podName, file: join(stateDir, "told-events.json") };
}

/** What TCP counted is in the texts that the census reads anyway. */
function measureNode(pods: WatchedPods): { census: ConnectionCensus; figures: NodeFigures } {
  const podTcp = new PodTcpTotals();
  const read = (owners: ReadonlyMap<string, string>): PodNamespace[] => {
    const found = readPodNamespaces(POD_NAMESPACES, owners);
    podTcp.add(found);
    return found;
  };
  const census = new ConnectionCensus({
    pods: () => pods.known(),
    read,
    monotonicMs: () => performance.now(),
    now: () => systemClock.now(),
  });
  return { census, figures: new NodeFigures(figureSources(pods, podTcp)) };
}

function figureSources(pods: WatchedPods, podTcp: PodTcpTotals): FigureSources {
  const cpuMicros = (): number => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  return {
    read: readOrEmpty,
    tcp: () => podTcp.current(),
    pods: () => pods.known(),
    routing: routingDigest,
    cpuMicros,
    now: () => systemClock.now(),
  };
}

/** The object with the counters lies beside the datapath's; their pins beside its pins. */
function measuring({ pinRoot, objectPath }: { pinRoot: string; objectPath: string }, version: string): DisruptionMeter {
  return new DisruptionMeter({
    pinRoot: `${pinRoot}-disruption`,
    version,
    objectPath: join(dirname(objectPath), "disruption.bpf.o"),
    namespaces: POD_NAMESPACES,
    monotonicNs: () => process.hrtime.bigint(),
  });
}

function statusPath({ nodeName }: Config): string {
  return `${COLLECTIONS}/hostroutingnodes/${encodeURIComponent(nodeName)}/status`;
}

function specOf<Spec>(resource: { spec: Spec } | null | undefined): Spec | null | undefined {
  return resource && resource.spec;
}

/** Follows pods between rounds. @returns a function that ends it. */
function followNetwork(logger: Logger, datapath: NodeDatapath): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = watchNetwork(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      attempt(logger, "following pods", () => datapath.follow());
    }, FOLLOW_DELAY_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function attempt(logger: Logger, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    logger.warn({ cause: explain(error) }, `${what} failed, will be tried again`);
  }
}

main();
