import { setTimeout as pause } from "node:timers/promises";
import { BenchNetwork } from "./bench-network.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { Figure } from "./report.ts";

const PODS = 100;
const FLOWS = 5;
/** Before, between and after the switches. */
const PHASE_MS = 1000;
const FLOW_MS = 20_000;
const DRAIN_TURN_MS = 100;
const DRAIN_TURNS_MAX = 50;

/** On and off on a node with 100 pods, while some of them exchange a datagram every 10 ms. */
export async function measureSwitch(generator: LoadGenerator): Promise<Figure[]> {
  const network = new BenchNetwork(0);
  try {
    network.addPods(PODS - 2);
    network.agent(1);
    const flows = Array.from({ length: FLOWS }, (_, i) =>
      generator.run({
        traffic: "udp-pace",
        client: network.netns(`p${2 * i}`),
        server: network.netns(`p${2 * i + 1}`),
        address: `10.201.1.${2 * i + 5}`,
        milliseconds: FLOW_MS,
      }),
    );
    // one that fails early is reported below, when all are awaited
    for (const flow of flows) flow.catch(() => undefined);
    await pause(PHASE_MS);
    const onMs = timeOf(() => network.switchOn(1));
    await pause(PHASE_MS);
    const offMs = await turnOff(network);
    const loads = await Promise.all(flows);
    const silenceMs = Math.max(...loads.map(({ longestSilenceMs }) => longestSilenceMs));
    return [
      { what: `switch on a node with ${PODS} pods, load and attach included`, unit: "s", value: onMs / 1000, bound: 1, sense: "most" },
      { what: `switch off of the same, drain not included`, unit: "s", value: offMs / 1000, bound: 1, sense: "most" },
      { what: "longest silence of a datagram every 10 ms through both", unit: "ms", value: silenceMs, bound: 50, sense: "most" },
      { what: "datagrams lost through both", unit: "", value: loads.reduce((sum, { errors }) => sum + errors, 0), bound: 0, sense: "most" },
    ];
  } finally {
    network.close();
  }
}

/** The longest single call; the drain is waiting on purpose. */
async function turnOff(network: BenchNetwork): Promise<number> {
  let longestMs = 0;
  for (let turn = 0; turn < DRAIN_TURNS_MAX; turn++) {
    let shown: ReturnType<BenchNetwork["switchOff"]> | undefined;
    longestMs = Math.max(
      longestMs,
      timeOf(() => (shown = network.switchOff(1))),
    );
    if (shown?.control === undefined) return longestMs;
    await pause(DRAIN_TURN_MS);
    network.beat();
  }
  throw new Error("host routing did not go off");
}

function timeOf(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
