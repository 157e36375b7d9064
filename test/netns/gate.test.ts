import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Conntrack } from "@hostrouting/bpf-loader";
import type { GateVariant } from "../../services/node-agent/src/host-routing/gate-variant.ts";
import { until } from "../journeys/until.ts";
import { on, PORT, SERVICES, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeAll, exchangeOnce, startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

/** Source ports used again and again; outside the range from which the kernel picks. */
let nextPort = 20_000;
/** Direct and Service exchanges in turn on each port. */
const TURNS = 6;
/** Whether a server in TIME_WAIT takes a new SYN depends on its numbers: about every second port would stall for a second. */
const PORTS = 12;
/** With timestamps it depends on theirs too, which are the same for all ports of two addresses: all of them would stall, or none. */
const WITHOUT_TIMESTAMPS = "sysctl -qw net.ipv4.tcp_timestamps=0";
/** Where stalls are expected, they are waited for. */
const PORTS_STALLING = 3;

/** Variants whose gate tells conntrack of direct flows; without that NAT may choose a port that the backend still knows. */
const TELLING: readonly GateVariant[] = ["Conntrack"];
/** Destinations of one port that are remembered: HR_DESTINATIONS of bpf/host-routing/maps.h. */
const DESTINATIONS = 4;

/** A reset is carried in microseconds, and as late as a busy machine lets its softirqs run. */
const RESET_TIMEOUT_MS = 10_000;

/** Each is one test's alone: in TIME_WAIT of another test it could not be used again, or not at once. */
const ports = (count: number): number[] => Array.from({ length: count }, () => nextPort++);

for (const gate of ["Conntrack", "HandshakeOnly"] as const)
  describe(`a port that is used again, gate ${gate}`, () => {
    let nodes: TwoNodes;
    let first: TestAgent;

    before(async () => {
      nodes = new TwoNodes();
      nodes.inPod("a", WITHOUT_TIMESTAMPS);
      for (const pod of ["b", "c"]) await startEcho(nodes, pod, PORT);
      first = nodes.agent(1, { gate });
      first.reconcile(on(1, 1));
      nodes.agent(2, { gate }).reconcile(on(1, 2));
    });
    after(() => {
      stopTraffic();
      nodes.close();
    });

    for (const protocol of ["udp", "tcp"] as const)
      for (const family of ["v4", "v6"] as const)
        for (const service of SERVICES)
          it(`${protocol} ${family}: direct, then through the Service, to pod ${service.pod}, and back`, async () => {
            const before = first.reconcile(on(1, 1)).counters;
            const port = nextPort++;
            const plans: FlowPlan[] = Array.from({ length: TURNS }, (_, turn) => ({
              name: `turn ${turn}`,
              protocol,
              address: turn % 2 === 0 ? nodes.pod(service.pod)[family] : service[family],
              port: PORT,
              localPort: port,
            }));
            assert.deepEqual(
              await (protocol === "tcp" ? exchangeInTurn(nodes, plans, service.pod) : exchangeAll(nodes, "a", plans)),
              plans.map(() => null),
            );
            const now = first.reconcile(on(1, 1)).counters;
            const fast = ({ fromPod }: typeof now): number => fromPod.FastLocal + fromPod.FastRemote + fromPod.FastRemoteNeigh;
            // the first exchange was fast, so the Service's really met what is remembered of a closed direct flow
            if (gate === "Conntrack" || protocol === "tcp") assert.ok(fast(now) > fast(before));
            else assert.ok(fast(now) === fast(before) && now.fromPod.StackUnseen > before.fromPod.StackUnseen);
            assert.ok(now.fromPod.StackClass > before.fromPod.StackClass);
          });

    for (const family of ["v4", "v6"] as const)
      for (const close of ["fin", "server"] as const)
        for (const service of SERVICES)
          it(`tcp ${family}: a direct flow that ended by ${close}, then the Service of pod ${service.pod}`, async () => {
            const plans = ports(TELLING.includes(gate) ? PORTS : PORTS_STALLING).flatMap((localPort): FlowPlan[] => {
              const direct = { name: "direct", protocol: "tcp", address: nodes.pod(service.pod)[family], port: PORT, close } as const;
              return [
                { ...direct, localPort },
                { ...direct, localPort, address: service[family] },
              ];
            });
            const results = await exchangeAll(nodes, "a", plans);
            // a server in TIME_WAIT may take the second SYN only: slow, and not refused
            const wrong = TELLING.includes(gate) ? results : results.filter((result) => !result?.startsWith("slow"));
            assert.deepEqual(
              wrong.filter((result) => result !== null),
              [],
            );
          });

    for (const family of ["v4", "v6"] as const)
      for (const service of SERVICES)
        it(`tcp ${family}: a direct flow that lives, and meanwhile the Service of pod ${service.pod}`, async () => {
          const direct = { name: "direct", protocol: "tcp", address: nodes.pod(service.pod)[family], port: PORT } as const;
          const localPort = nextPort++;
          const living = await startFlows(nodes, "a", [{ ...direct, localPort }]);
          const through = { ...direct, name: "service", address: service[family], localPort };
          const [result] = await exchangeAll(nodes, "a", [through]);
          if (TELLING.includes(gate)) assert.equal(result, null);
          const [flow] = await living.finish();
          assert.deepEqual([flow?.error, flow?.lost], [null, 0]);
        });
  });

/**
 * One exchange after another, each begun when the server has heard of the end of the one before: on a busy machine a SYN on the fast path may
 * overtake a reset that the stack carries, and the server would take it for a stray segment of the connection that it still has.
 */
async function exchangeInTurn(nodes: TwoNodes, plans: readonly FlowPlan[], server: string): Promise<(string | null)[]> {
  const results: (string | null)[] = [];
  for (const plan of plans) {
    results.push(await exchangeOnce(nodes, "a", plan));
    await until(`the end of every connection of pod ${server}`, RESET_TIMEOUT_MS, () => !hasConnection(nodes, server));
  }
  return results;
}

/** Whether a socket of the pod is neither listening (0A) nor in TIME_WAIT (06): third column of proc_net_tcp. */
function hasConnection(nodes: TwoNodes, pod: string): boolean {
  const sockets = nodes.inPod(pod, "cat /proc/net/tcp /proc/net/tcp6").split("\n");
  return sockets.some((line) => /^\s*\d+: \S+ \S+ (?!0A|06)/.test(line));
}

describe("a port whose direct flows have ended", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    nodes.inPod("a", WITHOUT_TIMESTAMPS);
    for (let other = 0; other < DESTINATIONS; other++) await startEcho(nodes, "b", PORT + other);
    agent = nodes.agent(1);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  for (const family of ["v4", "v6"] as const) {
    const [service] = SERVICES.filter(({ pod }) => pod === "b");
    const direct = (localPort: number): FlowPlan & { close: "server" } => ({
      name: "direct",
      protocol: "tcp",
      address: nodes.pod("b")[family],
      port: PORT,
      close: "server",
      localPort,
    });
    const toService = (localPort: number): FlowPlan => ({ ...direct(localPort), address: service?.[family] ?? "" });
    const broken = (results: (string | null)[]): string[] => results.filter((result) => result !== null);
    /** Source ports of connections to the Service that NAT left as they are. */
    const keptByNat = (chosen: readonly number[]): number[] =>
      agent.run(() => {
        const conntrack = Conntrack.open();
        const entries = conntrack.entries(family === "v4" ? 4 : 6).filter(({ original }) => original.destination === service?.[family]);
        conntrack.close();
        assert.ok(chosen.every((port) => entries.some(({ original }) => original.sourcePort === port)));
        return entries
          .filter(({ original, reply }) => original.sourcePort === reply.destinationPort)
          .map(({ original }) => original.sourcePort);
      });

    /** Source ports of direct connections that conntrack knows of. */
    const toldToNat = (): number[] =>
      agent.run(() => {
        const conntrack = Conntrack.open();
        const entries = conntrack
          .entries(family === "v4" ? 4 : 6)
          .filter(({ original }) => original.destination === nodes.pod("b")[family]);
        conntrack.close();
        return entries.map(({ original }) => original.sourcePort);
      });

    it(`${family}: of a pod of which a direct and a Service connection have met, NAT picks none of them`, async () => {
      agent.reconcile(on(++generation, 1));
      const [meeting = 0, ...others] = ports(PORTS);
      const half = others.length >> 1;
      assert.deepEqual(broken(await exchangeAll(nodes, "a", [...others.slice(0, half), meeting].map(direct))), []);
      assert.deepEqual(toldToNat(), [], "nothing has met, so conntrack need not know");
      const later = others.slice(half);
      assert.deepEqual(broken(await exchangeAll(nodes, "a", [toService(meeting), ...later.map(direct)])), []);
      assert.deepEqual(new Set(toldToNat()), new Set([meeting, ...later]));
    });

    it(`${family}: to as many destinations as are remembered, then the Service of the first`, async () => {
      agent.reconcile(on(++generation, 1));
      const chosen = ports(PORTS);
      const plans = chosen.flatMap((localPort) => [
        ...Array.from({ length: DESTINATIONS }, (_, other) => ({ ...direct(localPort), port: PORT + other })),
        toService(localPort),
      ]);
      assert.deepEqual(broken(await exchangeAll(nodes, "a", plans)), []);
      assert.deepEqual(keptByNat(chosen), [], "ports of the Service's connections that a server in TIME_WAIT knows");
    });

    it(`${family}: the Service after host routing was switched off`, async () => {
      agent.reconcile(on(++generation, 1));
      const chosen = ports(PORTS);
      assert.deepEqual(broken(await exchangeAll(nodes, "a", chosen.map(direct))), []);
      assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
      assert.deepEqual(broken(await exchangeAll(nodes, "a", chosen.map(toService))), []);
      assert.deepEqual(keptByNat(chosen), [], "ports of the Service's connections that a server in TIME_WAIT knows");
    });
  }
});
