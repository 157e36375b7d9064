import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { RunStats, Target } from "../../infra/lab/demo/traffic-contract.ts";
import type { TrafficClient } from "../../infra/lab/traffic.ts";
import { DISABLE_TIMEOUT_MS, enable, expectDisabled, expectEnabled, someNodeInFlight } from "./expectations.ts";
import { journey } from "./journey.ts";
import { kernelView, labNodes, packetsFor } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { expectUnharmed, measured, withTraffic } from "./traffic.ts";

/** How long flows run between two steps. */
const PHASE_MS = 1_500;
/** Longer than all of it; the run is stopped at its end. */
const RUN_MS_MAX = 300_000;
const SILENCE_MAX_MS = 500;
/** One client per node; two carry the flows: 16 per phase and client, a message every 10 ms each. */
const CLIENTS = 2;
const PHASES = 4;
const NEW_CONNECTIONS_PER_SECOND = 16;

/** Every kind of flow, begun in every phase of the switch, on a real cluster with the real agent. */
export function flowMatrix(stage: Stage): void {
  journey(stage, "no flow breaks when nodes are switched in place: pods, Services and the outside, both families, begun in any phase", () =>
    measured(() => everyKindInEveryPhase(stage)),
  );
}

async function everyKindInEveryPhase(stage: Stage): Promise<void> {
  await withTraffic(stage, async (all) => {
    const clients = all.slice(-CLIENTS);
    const begin = { durationMs: RUN_MS_MAX, newConnectionsPerSecond: NEW_CONNECTIONS_PER_SECOND, longLived: true, hammerClients: 0 };
    const further = (): Promise<unknown> => Promise.all(clients.map((client) => client.addFlows(everyKind(client))));
    await Promise.all(clients.map((client) => client.start(begin, everyKind(client))));
    await pause(PHASE_MS);
    await enable(stage);
    await expectEnabled(stage);
    await further();
    await pause(PHASE_MS);
    await expectMasqueraded(stage, clients);
    const off = await stage.arm.setMode("None");
    await someNodeInFlight(stage, ["Detaching"]);
    await further();
    assert.equal((await stage.arm.settle(off, DISABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectDisabled(stage);
    await further();
    await pause(PHASE_MS);
    await Promise.all(clients.map((client) => client.stop()));
    for (const client of clients) expectUnbroken(client, await client.finished(5 * PHASE_MS));
  });
}

/** One target of each path and family. */
function everyKind(client: TrafficClient): Target[] {
  const known = [...client.targets, ...client.outside];
  const kinds = (["service", "pod-same", "pod-other", "outside"] as const).flatMap((path) =>
    (["v4", "v6"] as const).flatMap((family) => known.find((target) => target.path === path && target.family === family) ?? []),
  );
  assert.equal(kinds.length, 8, `${client.node} has a target of every kind`);
  return kinds;
}

async function expectMasqueraded(stage: Stage, clients: readonly TrafficClient[]): Promise<void> {
  for (const node of labNodes(stage.stateDir).filter(({ name }) => clients.some((client) => client.node === name))) {
    const view = await kernelView(node);
    for (const reason of ["FastMasquerade", "FastUnmasquerade"] as const)
      assert.ok(packetsFor(view, reason) > 100, `${node.name}: ${packetsFor(view, reason)} packets with ${reason}`);
  }
}

/** Nothing failed or was late, every flow began, and none was silent for longer than client and servers stood still. */
function expectUnbroken(client: TrafficClient, stats: RunStats): void {
  expectUnharmed(client, stats);
  const flows = Object.entries(stats.kinds).filter(([kind]) => !kind.startsWith("new/"));
  assert.equal(flows.length, 16, "TCP and UDP, four paths, two families");
  for (const [kind, { attempted, ok, longestSilenceMs }] of flows) {
    const told = `${client.node} ${kind}: ${JSON.stringify(stats)}`;
    assert.deepEqual([attempted, ok], [PHASES, PHASES], told);
    assert.ok(longestSilenceMs - stats.clientPauseMs - stats.serverPauseMs <= SILENCE_MAX_MS, told);
  }
}
