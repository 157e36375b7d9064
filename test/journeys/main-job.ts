import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { expectDeniedThroughout, expectPolicyProved, withoutNodeRules } from "./denied-destinations.ts";
import { disable, enable, expectCanariesGone, expectDisabled, expectEnabled } from "./expectations.ts";
import { journey, journeyWhileOn } from "./journey.ts";
import { kernelView, labNodes, packetsOf, stackReasons } from "./lab-nodes.ts";
import { offOnceRulesAreBack } from "./network-policy.ts";
import type { Stage } from "./stage.ts";
import { expectUnharmed, expectUnharmedByReuse, measured, mixedTargets, portsMetTimeWait, withTraffic } from "./traffic.ts";

/** Before and after a switch: flows that were there before it, flows that begin after it. */
const SETTLE_MS = 3_000;
/** From each of three clients; six of ten go through the Service: 200 per second in all. */
const NEW_CONNECTIONS_PER_SECOND = 112;
/** Longer than enable and disable together may take; the run is stopped when both are done. */
const RUN_MS_MAX = 300_000;
const DIRECT_MS = 8_000;
const HAMMER_MS = 30_000;
/** Six clients in all. */
const HAMMER_LOOPS_PER_CLIENT = 2;
const HAMMER_SLOWEST_MS = 500;
const FAST_SHARE_MIN = 0.95;
/** The kernel still tracks a Service's connection with the same ends, which the datapath leaves alone: one that stays is a tenth of all packets. */
const TRACKED = ["StackConntrack", "StackClash"] as const;
const REUSE_HITS = 10;

/** What the product is for: on and off under load, proved by the kernel's own counters. */
export function mainJob(stage: Stage): void {
  journey(
    stage,
    "traffic goes through enable and disable: 0 failed, 0 reset, 0 stalled; what is denied to pods is out of reach all the time",
    () => measured(() => expectDeniedThroughout(stage, () => onAndOffUnderLoad(stage))),
  );

  const steady = async (t: TestContext): Promise<void> => {
    await expectCanariesGone(stage);
    await t.test("at least 95 % of the packets of new direct connections are redirected", () => measured(() => directPackets(stage)));
    await t.test("a direct flow and a Service flow after one another from one port to one backend: not broken", () => reusedPorts(stage));
    await t.test("six clients without pause for 30 s: 0 failed, none slower than 0.5 s", () => measured(() => hammered(stage)));
  };
  journeyWhileOn(stage, "in steady state direct packets are redirected, ports may be used again, and nobody waits", steady);
}

/** After whatever a cluster went through while it was on. */
export function nothingLeft(stage: Stage): void {
  const off = async (): Promise<void> => {
    await offOnceRulesAreBack(stage);
    await expectDisabled(stage);
    await withTraffic(stage, async (clients) => {
      for (const client of clients) await startDirect(client);
      for (const client of clients) expectUnharmed(client, await client.finished(DIRECT_MS * 3));
    });
    for (const node of labNodes(stage.stateDir))
      assert.deepEqual(packetsOf(await kernelView(node)), { fast: 0, stack: 0 }, `nothing counts on ${node.name}`);
  };
  journeyWhileOn(
    stage,
    "switching off waits for a node whose own rules were taken away; afterwards nothing is counted, and nothing is left",
    off,
  );
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function onAndOffUnderLoad(stage: Stage): Promise<void> {
  await withTraffic(stage, async (clients) => {
    for (const client of clients)
      await client.start(
        { durationMs: RUN_MS_MAX, newConnectionsPerSecond: NEW_CONNECTIONS_PER_SECOND, longLived: true, hammerClients: 0 },
        mixedTargets(client),
      );
    await pause(SETTLE_MS);
    await enable(stage);
    await expectEnabled(stage);
    await expectPolicyProved(stage);
    await withoutNodeRules(stage);
    await pause(SETTLE_MS);
    await disable(stage);
    await expectDisabled(stage);
    await pause(SETTLE_MS);
    await Promise.all(clients.map((client) => client.stop()));
    for (const client of clients) expectUnharmed(client, await client.finished(SETTLE_MS * 5));
  });
}

type Client = Parameters<Parameters<typeof withTraffic>[1]>[0][number];

async function startDirect(client: Client): Promise<void> {
  const targets = client.targets.filter((target) => target.path !== "service");
  await client.start({ durationMs: DIRECT_MS, newConnectionsPerSecond: 20, longLived: true, hammerClients: 0 }, targets);
}

async function directPackets(stage: Stage): Promise<void> {
  const nodes = labNodes(stage.stateDir);
  const before = await Promise.all(nodes.map(kernelView));
  await withTraffic(stage, async (clients) => {
    await Promise.all(clients.map(startDirect));
    for (const client of clients) expectUnharmed(client, await client.finished(DIRECT_MS * 3));
  });
  for (const [index, node] of nodes.entries()) {
    const [earlier, now] = [before[index], await kernelView(node)];
    assert.ok(earlier);
    const fast = packetsOf(now).fast - packetsOf(earlier).fast;
    const stack = packetsOf(now).stack - packetsOf(earlier).stack;
    const reasons = stackReasons(earlier, now);
    const tracked = TRACKED.reduce((sum, reason) => sum + (reasons.get(reason) ?? 0), 0);
    const share = fast / (fast + stack);
    const told = `${node.name}: ${fast} redirected, ${stack} left to the stack (${(share * 100).toFixed(1)} %): ${JSON.stringify(Object.fromEntries(reasons))}`;
    say(told);
    if (share >= FAST_SHARE_MIN) continue;
    assert.ok(fast / (fast + stack - tracked) >= FAST_SHARE_MIN, told);
    throw portsMetTimeWait(told, "a connection that stayed had the port of a Service's that ended before");
  }
}

async function reusedPorts(stage: Stage): Promise<void> {
  await withTraffic(stage, async (clients) => {
    const [client] = clients;
    assert.ok(client);
    for (const family of ["v4", "v6"] as const)
      for (const [order, stats] of Object.entries(await client.portReuse(family, REUSE_HITS))) {
        say(`${order} ${family}: ${stats.sameBackend} of ${stats.rounds} rounds met the same backend, slowest ${stats.slowestMs} ms`);
        assert.equal(stats.failed, 0, `${order} ${family}: ${stats.firstError}`);
        assert.ok(stats.sameBackend >= 1, `${order} ${family}: the Service never chose the same backend, so nothing was proved`);
      }
  });
}

async function hammered(stage: Stage): Promise<void> {
  await withTraffic(stage, async (clients) => {
    await Promise.all(
      clients.map((client) =>
        client.start({ durationMs: HAMMER_MS, newConnectionsPerSecond: 0, longLived: false, hammerClients: HAMMER_LOOPS_PER_CLIENT }),
      ),
    );
    for (const client of clients) {
      expectUnharmedByReuse(client, await client.finished(HAMMER_MS * 2), HAMMER_SLOWEST_MS);
    }
  });
}
