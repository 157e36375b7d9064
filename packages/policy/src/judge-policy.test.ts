import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type ManagedPolicyStatus, type PolicyMode } from "@hostrouting/domain";
import { azureDestinationsPolicy as desired } from "./azure-destinations.ts";
import { judgePolicy, type PolicyAttempt, type PolicyJudgement, type PolicyObservation } from "./judge-policy.ts";

const OURS = "acns-hostrouting-controller";
const MINUTE_MS = 60_000;
const NONE: PolicyAttempt = { kind: "None" };
const WRITTEN: PolicyAttempt = { kind: "Written" };
const T0 = Date.parse("2026-01-01T00:00:00Z");

/** The object as an API server shows it after our apply; `change` is what somebody did to it. */
function shown(change: (object: Editable) => void = () => {}): PolicyObservation {
  const object: Editable = {
    ...structuredClone(desired),
    metadata: {
      name: desired.metadata.name,
      labels: { ...desired.metadata.labels },
      resourceVersion: "7",
      managedFields: [
        {
          manager: OURS,
          operation: "Apply",
          time: "2026-01-01T00:00:00Z",
          fieldsV1: {
            "f:spec": { "f:egressDeny": {}, "f:enableDefaultDeny": { "f:egress": {}, "f:ingress": {} }, "f:endpointSelector": {} },
          },
        },
      ],
    },
  };
  change(object);
  return { kind: "Present", object };
}

type Editable = {
  spec: Record<string, unknown>;
  specs?: unknown;
  status?: unknown;
  metadata: { name: string; labels?: Record<string, string>; resourceVersion: string; managedFields: object[]; deletionTimestamp?: string };
};

function wrote(object: Editable, manager: string, { field, time = "2026-01-01T00:05:00Z" }: { field: string; time?: string }): void {
  object.metadata.managedFields.push({ manager, operation: "Update", time, fieldsV1: { "f:spec": { [`f:${field}`]: {} } } });
}

/** What the store keeps between rounds. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** One judgement after another, as a worker's rounds make them. */
class Rounds {
  previous: ManagedPolicyStatus | undefined;
  nowMs = T0;

  look(
    observed: PolicyObservation,
    { mode = "Correct", attempt = NONE }: { mode?: PolicyMode; attempt?: PolicyAttempt } = {},
  ): PolicyJudgement {
    const now = as<Instant>(this.nowMs);
    const previous = this.previous && stored(this.previous);
    const judgement = judgePolicy({ desired, observed, mode, manager: OURS, previous, attempt, now });
    this.previous = judgement.status;
    return judgement;
  }
}

/** What of a judgement decides. */
function inShort({ status, inPlace, correction, isOurs }: PolicyJudgement): object {
  const does =
    correction === undefined
      ? "nothing"
      : `${correction.replaceVersion === undefined ? "apply" : "replace"}${correction.force ? " by force" : ""}`;
  return { state: status.state, inPlace, does, isOurs };
}

const nothing = { inPlace: false, does: "nothing", isOurs: false };
const narrowed = shown((object) => (object.spec["endpointSelector"] = { matchLabels: { app: "none" } }));
const moved = shown((object) => (object.spec["egressDeny"] = [{ toCIDR: ["192.0.2.1/32"] }]));
const foreign = shown((object) => {
  object.metadata.labels = { "app.kubernetes.io/managed-by": "Helm" };
  object.metadata.managedFields = [{ manager: "helm", operation: "Apply", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": {} } }];
});

const rows: readonly (readonly [name: string, observed: PolicyObservation, mode: PolicyMode, expected: object])[] = [
  ["absent", { kind: "Absent" }, "Correct", { ...nothing, state: "Pending", does: "apply by force" }],
  ["absent", { kind: "Absent" }, "Warn", { ...nothing, state: "Pending", does: "apply" }],
  ["absent", { kind: "Absent" }, "Off", { ...nothing, state: "NotManaged", inPlace: true }],
  ["as it should be", shown(), "Correct", { state: "InSync", inPlace: true, does: "nothing", isOurs: true }],
  ["as it should be", shown(), "Warn", { state: "InSync", inPlace: true, does: "nothing", isOurs: true }],
  ["as it should be", shown(), "Off", { state: "NotManaged", inPlace: true, does: "nothing", isOurs: true }],
  ["with another destination", moved, "Correct", { state: "Drifted", inPlace: false, does: "apply by force", isOurs: true }],
  ["with another destination", moved, "Warn", { state: "Drifted", inPlace: true, does: "nothing", isOurs: true }],
  ["narrowed by a selector", narrowed, "Correct", { state: "Drifted", inPlace: false, does: "replace by force", isOurs: true }],
  [
    "without our label, with our fields",
    shown((object) => delete object.metadata.labels),
    "Correct",
    { state: "Drifted", inPlace: false, does: "apply by force", isOurs: true },
  ],
  [
    "with our label, its managed fields stripped",
    shown((object) => (object.metadata.managedFields = [])),
    "Correct",
    { state: "InSync", inPlace: true, does: "nothing", isOurs: true },
  ],
  [
    "with a second specification",
    shown((object) => (object.specs = [{}])),
    "Correct",
    { state: "Drifted", inPlace: false, does: "replace by force", isOurs: true },
  ],
  [
    "with labels and annotations of others",
    shown((object) => (object.metadata.labels = { ...object.metadata.labels, team: "x" })),
    "Correct",
    { state: "InSync", inPlace: true, does: "nothing", isOurs: true },
  ],
  [
    "being deleted",
    shown((object) => (object.metadata.deletionTimestamp = "2026-01-01T00:00:00Z")),
    "Correct",
    { state: "Pending", inPlace: false, does: "nothing", isOurs: true },
  ],
  [
    "not understood by Cilium",
    shown((object) => (object.status = { conditions: [{ type: "Valid", status: "False", message: "bad \u001b[2J" }] })),
    "Correct",
    { state: "Refused", inPlace: false, does: "nothing", isOurs: true },
  ],
  ["somebody else's", foreign, "Correct", { ...nothing, state: "Foreign" }],
  ["somebody else's", foreign, "Warn", { ...nothing, state: "Foreign" }],
  ["of a kind that the cluster does not know", { kind: "Unsupported" }, "Correct", { ...nothing, state: "Unsupported" }],
  ["unreadable", { kind: "Unreadable", because: "forbidden" }, "Correct", { ...nothing, state: "Unknown" }],
];

for (const [name, observed, mode, expected] of rows)
  test(`a policy ${name}, in mode ${mode}`, () => {
    const judgement = new Rounds().look(observed, { mode });
    assert.deepEqual(inShort(judgement), expected);
    assert.equal(judgement.status.message === "", judgement.status.state === "InSync", "every state but InSync says something");
    assert.ok(!judgement.status.message.includes("\u001b"), "somebody else's words are visible");
  });

test("drift names path, both values, who wrote it and since when, and is kept a day after it was put right", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  rounds.nowMs += 5 * MINUTE_MS;
  const edited = shown((object) => {
    const [first, ...rest] = structuredClone(desired.spec.egressDeny ?? []);
    object.spec["egressDeny"] = [{ ...first, toCIDR: ["192.0.2.1/32"] }, ...rest];
    object.spec["egress"] = [{}];
    wrote(object, "kubectl-edit", { field: "egressDeny" });
    wrote(object, "old-writer", { field: "egressDeny", time: "2025-01-01T00:00:00Z" });
    wrote(object, "flux\u001b[2J", { field: "egress" });
  });
  const found = { firstSeen: T0 + 5 * MINUTE_MS, correctedAt: undefined };
  const drift = [
    { path: "/spec/egressDeny/0/toCIDR/0", desired: '"168.63.129.16/32"', observed: '"192.0.2.1/32"', manager: "kubectl-edit", ...found },
    { path: "/spec/egress", desired: undefined, observed: "[{}]", manager: String.raw`flux\u{1b}[2J`, ...found },
  ];
  assert.deepEqual(rounds.look(edited).status.drift, drift);

  rounds.nowMs += MINUTE_MS;
  assert.deepEqual(rounds.look(edited).status.drift, drift, "a correction that was not written changes nothing");

  const healedAt = rounds.nowMs;
  const healed = drift.map((one) => ({ ...one, correctedAt: healedAt }));
  assert.deepEqual(stored(rounds.look(shown(), { attempt: WRITTEN }).status.drift), stored(healed));
  rounds.nowMs += 23 * 60 * MINUTE_MS;
  assert.equal(rounds.look(shown()).status.drift.length, 2);
  rounds.nowMs += 61 * MINUTE_MS;
  assert.deepEqual(rounds.look(shown()).status.drift, []);
});

test("what was taken out of a list has the list's writer, a member that was taken away has none", () => {
  const shortened = shown((object) => {
    object.spec["egressDeny"] = (desired.spec.egressDeny ?? []).slice(0, 1);
    delete object.spec["enableDefaultDeny"];
    wrote(object, "kubectl-edit", { field: "egressDeny" });
  });
  assert.deepEqual(
    new Rounds().look(shortened).status.drift.map(({ path, manager }) => [path, manager]),
    [
      ["/spec/enableDefaultDeny", undefined],
      ["/spec/egressDeny/1", "kubectl-edit"],
    ],
  );
});

test("a label that was changed or taken away is drift with a pointer that can be read back", () => {
  const [one] = new Rounds().look(shown((object) => (object.metadata.labels = { "app.kubernetes.io/managed-by": "me" }))).status.drift;
  assert.deepEqual(
    [one?.path, one?.desired, one?.observed],
    ["/metadata/labels/app.kubernetes.io~1managed-by", '"acns-hostrouting"', '"me"'],
  );
});

test("a deletion is drift of the whole object once it was there, and the making of it before", () => {
  const rounds = new Rounds();
  assert.equal(rounds.look({ kind: "Absent" }).status.state, "Pending");
  rounds.look(shown(), { attempt: WRITTEN });
  const deleted = rounds.look({ kind: "Absent" });
  assert.deepEqual(inShort(deleted), { ...nothing, state: "Drifted", does: "apply by force" });
  assert.deepEqual(deleted.status.drift, [
    { path: "", desired: '"the policy"', observed: undefined, manager: undefined, firstSeen: T0, correctedAt: undefined },
  ]);
  assert.match(deleted.status.message, /audit log/);
});

test("what nobody could look at is not put right: a deletion stays open while the name is somebody else's", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  rounds.look({ kind: "Absent" });
  for (const observed of [foreign, { kind: "Unsupported" }, { kind: "Unreadable", because: "x" }] as const)
    assert.deepEqual(
      rounds.look(observed).status.drift.map(({ path, correctedAt }) => [path, correctedAt]),
      [["", undefined]],
    );
  assert.equal(rounds.look(shown()).status.drift[0]?.correctedAt, T0);
});

test("in mode Warn a policy is made once, and not again when somebody deletes it", () => {
  const rounds = new Rounds();
  assert.equal(rounds.look({ kind: "Absent" }, { mode: "Warn" }).correction?.force, false);
  rounds.look(shown(), { mode: "Warn", attempt: WRITTEN });
  assert.deepEqual(inShort(rounds.look({ kind: "Absent" }, { mode: "Warn" })), { ...nothing, state: "Drifted" });
});

test("after five corrections in ten minutes a policy is left alone, until the window has moved on", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  for (let turn = 0; turn < 5; turn += 1) {
    const judgement = rounds.look(moved, { attempt: turn > 0 ? WRITTEN : NONE });
    assert.deepEqual([judgement.status.state, judgement.correction?.force], ["Drifted", true], `turn ${turn}`);
    rounds.nowMs += MINUTE_MS;
  }
  const contested = rounds.look(moved, { attempt: WRITTEN });
  assert.deepEqual(inShort(contested), { state: "Contested", inPlace: false, does: "nothing", isOurs: true });
  // The first correction was seen to be undone one minute after the first look.
  assert.equal(contested.until, T0 + 11 * MINUTE_MS);
  assert.match(contested.status.message, /by whom, only the API server's audit log tells/);
  rounds.nowMs = T0 + 11 * MINUTE_MS - 1;
  assert.equal(rounds.look(moved).status.state, "Contested");
  rounds.nowMs += 1;
  assert.deepEqual(inShort(rounds.look(moved)), { state: "Drifted", inPlace: false, does: "apply by force", isOurs: true });
});

test("deleting it again and again is contested like changing it", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  for (let turn = 0; turn < 5; turn += 1) {
    assert.equal(rounds.look({ kind: "Absent" }).status.state, "Drifted", `turn ${turn}`);
    rounds.nowMs += 1_000;
    rounds.look(shown(), { attempt: WRITTEN });
    rounds.nowMs += 1_000;
  }
  assert.equal(rounds.look({ kind: "Absent" }).status.state, "Contested");
});

test("corrections that could not be written are none: nobody is accused", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  for (let turn = 0; turn < 20; turn += 1) {
    const { status } = rounds.look(moved, { attempt: { kind: "Failed", because: "forbidden\u001b" } });
    assert.equal(status.state, "Drifted");
    assert.match(status.message, /last attempt failed: forbidden\\u\{1b\}$/);
    rounds.nowMs += 1_000;
  }
});

test("an object that is another one altogether is eight lines, and never more than 48 are kept", () => {
  const rounds = new Rounds();
  rounds.look(shown());
  const other = shown((object) => (object.spec = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`field${at}`, at]))));
  const { drift } = rounds.look(other).status;
  assert.equal(drift.length, 8);
  assert.match(drift.at(-1)?.observed ?? "", /more differences$/);
  for (let turn = 0; turn < 20; turn += 1) {
    rounds.nowMs += 3 * MINUTE_MS;
    rounds.look(other, { attempt: WRITTEN });
  }
  assert.equal(rounds.previous?.drift.length, 48);
});
