import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type ProvisioningClaim } from "@hostrouting/domain";
import { labManagedCluster } from "../dev/lab-cluster.ts";
import { bringAbout, STEP_LIMITS, type BringingAbout } from "./bring-about.ts";
import { openLane } from "./one-at-a-time.ts";
import { fakeLabs, untilAborted } from "./testing/fake-labs.ts";

const cluster = labManagedCluster({
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "g",
  name: "c",
  location: "local",
  kubernetesVersion: "1.36.3",
  podCidrs: [],
  serviceCidrs: [],
  dnsServiceIp: "10.0.0.10",
  userPools: [],
  accessReference: "",
  createdBy: "o",
  now: "2026-01-01T00:00:00.000Z",
  etag: "e",
});
const claim: ProvisioningClaim = {
  clusterId: cluster.id,
  provider: "lab",
  holder: "p",
  token: as(1),
  expiresAt: as(0),
  phase: "Pending",
  present: true,
  generation: 1,
  attempts: 0,
  cluster,
  facts: undefined,
};

function around(more: Partial<BringingAbout> = {}): BringingAbout & { readonly said: string[] } {
  const said: string[] = [];
  return {
    labs: fakeLabs(),
    lane: openLane(),
    ending: { abort: new AbortController().signal, isSuperseded: () => false },
    say: (message) => said.push(message),
    onReady: async () => void said.push("ready"),
    limits: STEP_LIMITS,
    said,
    ...more,
  };
}

test("a step that takes too long is broken off and named", async () => {
  const labs = fakeLabs();
  labs.before = (_id, _step, { signal }) => untilAborted(signal);
  const outcome = await bringAbout(claim, around({ labs, limits: { ...STEP_LIMITS, Build: 5 } }));
  assert.deepEqual(outcome, {
    kind: "Failed",
    code: "LabTimedOut",
    isFinal: false,
    message:
      "Makes the cluster with 1 node: this did not end within 0.005 s: The start was broken off. Look at the logs of the lab, and ask again.",
  });
});

test("a step that undoes itself for ever comes to an end", async () => {
  const labs = fakeLabs();
  const outcome = await bringAbout(claim, around({ labs: { ...labs, see: async () => ({ kind: "Absent" }) } }));
  assert.equal(outcome.kind === "Failed" && outcome.message.includes("After 64 steps"), true);
});

test("what is only brought back keeps nodes that came since; a request for fewer retires them", async () => {
  const labs = fakeLabs();
  const node = (name: string) => ({ name, pool: "system", isWell: true });
  labs.clusters.set(cluster.id, [node("aks-system-0"), node("aks-system-1")]);
  assert.equal((await bringAbout({ ...claim, phase: "Stopped" }, around({ labs }))).kind, "Done");
  assert.deepEqual(labs.log, []);
  assert.equal((await bringAbout(claim, around({ labs }))).kind, "Done");
  assert.deepEqual(labs.log, ["c: RetireNode"]);
});

test("the policy is set when a request is fulfilled or a cluster was made anew, and not by every look", async () => {
  const first = around();
  assert.equal((await bringAbout(claim, first)).kind, "Done");
  assert.ok(first.said.includes("ready"));
  const upkeep = around({ labs: first.labs });
  assert.equal((await bringAbout({ ...claim, phase: "Settled" }, upkeep)).kind, "Done");
  assert.deepEqual(upkeep.said, []);
  const again = around();
  await bringAbout({ ...claim, phase: "Settled" }, again);
  assert.ok(again.said.includes("ready"), "after a restart");
});

test("what nobody wishes for any more is not begun", async () => {
  const labs = fakeLabs();
  const outcome = await bringAbout(claim, around({ labs, ending: { abort: AbortSignal.abort(), isSuperseded: () => false } }));
  assert.equal(outcome.kind, "Later");
  assert.deepEqual(labs.log, []);
});
