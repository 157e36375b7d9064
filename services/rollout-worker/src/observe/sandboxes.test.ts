import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, as, type Instant, type NodeRollout } from "@hostrouting/domain";
import type { SandboxFailure, V1Pod } from "@hostrouting/kube";
import { justSwitched, readSandboxes, sandboxTrouble } from "./sandboxes.ts";

const SWITCHED = "2026-01-01T00:00:00Z";
const since = as<Instant>(Date.parse(SWITCHED));
const MINUTE_MS = 60_000;

type Changes = {
  readonly uid: string;
  readonly created?: string;
  readonly spec?: object;
  readonly status?: object;
  readonly gone?: string;
};

function pod({ uid, created = "2026-01-01T00:00:05Z", spec = {}, status = {}, gone }: Changes): V1Pod {
  const metadata = {
    namespace: "shop",
    name: uid,
    uid,
    creationTimestamp: created,
    ...(gone !== undefined && { deletionTimestamp: gone }),
  };
  // As an API server sends it: times are text.
  return { metadata, spec: { containers: [], ...spec }, status: { phase: "Pending", ...status } } as unknown as V1Pod;
}

const failure = (podUid: string): SandboxFailure => ({ node: "n1", podUid, message: "failed to setup network" });
const FAILURES = new Map(["a", "b"].map((uid) => [uid, failure(uid)] as const));

const cases: readonly (readonly [what: string, pods: readonly V1Pod[], failing: readonly string[] | undefined])[] = [
  ["no pod came", [], undefined],
  ["one came and has no sandbox", [pod({ uid: "a" })], ["shop/a"]],
  ["two came and have none", [pod({ uid: "a" }), pod({ uid: "b" })], ["shop/a", "shop/b"]],
  ["another has got an address", [pod({ uid: "a" }), pod({ uid: "c", status: { podIP: "10.0.0.1" } })], undefined],
  [
    "another has got its sandbox, and waits for its image",
    [pod({ uid: "a" }), pod({ uid: "c", status: { conditions: [{ type: "PodReadyToStartContainers", status: "True" }] } })],
    undefined,
  ],
  ["it has got one since", [pod({ uid: "a", status: { podIP: "10.0.0.1" } })], undefined],
  ["another waits for a volume, of which the kubelet says something else", [pod({ uid: "a" }), pod({ uid: "c" })], ["shop/a"]],
  ["none of them has such an Event", [pod({ uid: "c" })], undefined],
  ["it was there before the switch", [pod({ uid: "a", created: "2025-12-31T23:59:59Z" })], undefined],
  ["it is on its way out", [pod({ uid: "a", gone: "2026-01-01T00:01:00Z" })], undefined],
  ["it is of the node's own network", [pod({ uid: "a", spec: { hostNetwork: true } })], undefined],
  [
    "one of the node's own network runs",
    [pod({ uid: "a" }), pod({ uid: "c", spec: { hostNetwork: true }, status: { podIP: "10.0.0.9" } })],
    ["shop/a"],
  ],
  ["it has ended", [pod({ uid: "a", status: { phase: "Failed" } })], undefined],
];

for (const [what, pods, failing] of cases)
  test(`of pods that came since a node's switch, ${what}`, () => {
    const trouble = sandboxTrouble(pods, FAILURES, since);
    assert.deepEqual(
      trouble && [trouble.pods, trouble.podCount, trouble.message],
      failing && [failing, failing.length, "failed to setup network"],
    );
  });

const record = (node: string, phase: string, minutes = 0): NodeRollout =>
  ({ node, uid: `uid-${node}`, phase, since: as<Instant>(since - minutes * MINUTE_MS) }) as unknown as NodeRollout;

test("nodes that soak are looked at, and those that were enabled a moment ago", () => {
  const records = [
    record("n1", "Soaking", 60),
    record("n2", "Enabled", 9),
    record("n3", "Enabled", 10),
    record("n4", "Switching"),
    record("n5", "Pending"),
  ];
  assert.deepEqual(
    justSwitched(records, since).map(({ node }) => node as string),
    ["n1", "n2"],
  );
});

/** A cluster that counts what is asked of it. */
function counting(failures: () => readonly SandboxFailure[]) {
  const asked: string[] = [];
  return {
    asked,
    listSandboxFailures: async () => {
      asked.push("events");
      return failures();
    },
    listPodsOn: async (node: string) => {
      asked.push(`pods on ${node}`);
      return [pod({ uid: "a" })];
    },
  };
}

test("kubelets are asked once in ten seconds, and for pods only of nodes of which they say something", async () => {
  const access = counting(() => [failure("a")]);
  const switched = [record("n1", "Soaking"), record("n2", "Soaking")];
  const first = await readSandboxes(access, switched, { memory: undefined, now: since });
  assert.deepEqual([...(first?.troubles.keys() ?? [])], ["uid-n1"]);
  assert.equal(await readSandboxes(access, switched, { memory: first, now: as<Instant>(since + 9_999) }), first);
  assert.deepEqual(access.asked, ["events", "pods on n1"]);
  await readSandboxes(access, switched, { memory: first, now: as<Instant>(since + 10_000) });
  assert.deepEqual(access.asked, ["events", "pods on n1", "events", "pods on n1"]);
  assert.equal(await readSandboxes(access, [], { memory: first, now: since }), undefined);
});

test("without the right to list Events nothing is known to be wrong; an API server that does not answer is an outage", async () => {
  const failing = (code: string) =>
    counting(() => {
      throw new AppError(code, { say: "no" });
    });
  const forbidden = await readSandboxes(failing("kube.forbidden"), [record("n1", "Soaking")], { memory: undefined, now: since });
  assert.deepEqual([forbidden?.troubles.size, forbidden?.isForbidden], [0, true]);
  await assert.rejects(readSandboxes(failing("kube.unreachable"), [record("n1", "Soaking")], { memory: undefined, now: since }), {
    code: "kube.unreachable",
  });
});
