import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabProcess } from "../lab/lab-process.ts";
import type { LabRecord } from "../lab/lab-record.ts";
import { sightOf } from "./machine-labs.ts";

const DIGEST = "sha256:1";
const named = (name: string): LabProcess => ({ name, pid: 1, startTicks: 1 });
const record = {
  phase: "ready",
  bundleDigest: DIGEST,
  processes: ["etcd", "kube-apiserver", "aks-np1-0/kubelet", "aks-np1-1/kubelet", "aks-np1-10/kubelet"].map(named),
  nodes: ["aks-np1-0", "aks-np1-1"].map((name) => ({ name, pool: "np1" })),
} as unknown as LabRecord;

const cases: readonly { say: string; record: LabRecord | undefined; ended: string[]; sight: unknown }[] = [
  { say: "no record", record: undefined, ended: [], sight: { kind: "Absent" } },
  {
    say: "a start that was killed",
    record: { ...record, phase: "starting" },
    ended: [],
    sight: { kind: "Broken", why: "its start was broken off" },
  },
  {
    say: "another bundle than the worker rolls out",
    record: { ...record, bundleDigest: "sha256:2" },
    ended: [],
    sight: { kind: "Broken", why: "its nodes hold another bundle" },
  },
  { say: "a control plane that ended", record, ended: ["etcd"], sight: { kind: "Broken", why: "etcd ended" } },
  {
    say: "a node that ended, and only that one",
    record,
    ended: ["aks-np1-1/kubelet"],
    sight: {
      kind: "Running",
      nodes: [
        { name: "aks-np1-0", pool: "np1", isWell: true },
        { name: "aks-np1-1", pool: "np1", isWell: false },
      ],
    },
  },
];

for (const { say, record: kept, ended, sight } of cases)
  test(`what is seen of ${say}`, () => {
    assert.deepEqual(
      sightOf(kept, DIGEST, ({ name }) => !ended.includes(name)),
      sight,
    );
  });
