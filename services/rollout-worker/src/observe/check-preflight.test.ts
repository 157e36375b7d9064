import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AppError,
  as,
  productionPolicy,
  type ClusterId,
  type Instant,
  type ManagedCluster,
  type Operation,
  type OperationId,
  type PreflightAnswers,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { FakeCluster } from "@hostrouting/kube/fake";
import { checkPreflight, isPreflightDue, type CheckedPreflight } from "./check-preflight.ts";
import { observeCluster } from "./observe-cluster.ts";

const BUNDLE = { image: "localhost/acns-hostrouting/bundle:1", digest: `sha256:${"1".repeat(64)}` };
const ID = as<ClusterId>("/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/c");
const BY = {
  createdBy: "",
  createdByType: "User",
  createdAt: "",
  lastModifiedBy: "",
  lastModifiedByType: "User",
  lastModifiedAt: "",
} as const;

const operation: Operation = {
  id: as<OperationId>("one"),
  clusterId: ID,
  kind: "EnableHostRouting",
  mode: "BpfVeth",
  generation: 2,
  phase: "Validating",
  percentComplete: 0,
  error: undefined,
  cancelRequested: false,
  control: {},
  revision: 0,
  startedAt: as<Instant>(0),
  endedAt: undefined,
  tenantId: "",
  objectId: "",
};

function cluster(properties: Readonly<Record<string, unknown>>): ManagedCluster {
  const networkProfile = { networkPlugin: "azure", networkDataplane: "cilium", advancedNetworking: { enabled: true } };
  const agentPoolProfiles = [{ name: "user", mode: "User", osType: "Linux", osSKU: "Ubuntu2404", vmSize: "Standard_D4s_v5" }];
  return {
    id: ID,
    subscriptionId: "s",
    resourceGroup: "g",
    name: "c",
    location: "local",
    tags: {},
    envelope: {},
    properties: { kubernetesVersion: "1.36.3", networkProfile, agentPoolProfiles, ...properties },
    desiredMode: "BpfVeth",
    generation: 2,
    etag: "",
    provisioningState: "Updating",
    activeOperationId: operation.id,
    provider: "lab",
    driver: "bundle",
    accessReference: "fake",
    systemData: BY,
  };
}

type Ask = {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly ruleset?: RolloutPolicy["ruleset"];
  readonly answers?: PreflightAnswers | undefined;
  readonly atMs?: number;
};

/** One look of a worker that remembers nothing itself: from the answers of the API server to the findings. */
async function look(fake: FakeCluster, { properties = {}, ruleset = "ga-2026", answers, atMs = 0 }: Ask): Promise<CheckedPreflight> {
  const access = fake.access();
  const { facts, cilium } = await observeCluster(access, []);
  return checkPreflight(
    { access, bundle: BUNDLE, memory: undefined, answers },
    {
      cluster: cluster(properties),
      operation,
      policy: { ...productionPolicy, ruleset },
      nodes: facts,
      maintenance: {},
      managedPolicy: undefined,
      cilium,
      now: as<Instant>(atMs),
    },
  );
}

function world(): FakeCluster {
  const fake = new FakeCluster();
  fake.addNode("n1");
  return fake;
}

describe("the Istio add-on, from the resource to the verdict", () => {
  const properties = { serviceMeshProfile: { mode: "Istio" } };

  test("blocks under seed-2024, which ends where ga-2026 begins", async () => {
    const { verdict } = await look(world(), { properties, ruleset: "seed-2024" });
    assert.deepEqual(verdict.kind === "Failed" && verdict.error.details?.map(({ code, target }) => [code, target]), [
      ["PF-022", "serviceMeshProfile"],
    ]);
  });

  test("is a warning under ga-2026 that names what has to hold on the first nodes", async () => {
    const { verdict } = await look(world(), { properties });
    assert.ok(verdict.kind === "Passed");
    assert.deepEqual(
      verdict.warnings.map(({ id, severity, message }) => [id, severity, message]),
      [
        [
          "PF-022",
          "Warning",
          "The Istio add-on is enabled. On the first nodes, beside others, there must be no more failures of the kubelet's probes and no more pods that are not Ready.",
        ],
      ],
    );
  });

  test("without it neither says anything", async () => {
    for (const ruleset of ["seed-2024", "ga-2026"] as const)
      assert.deepEqual((await look(world(), { ruleset })).verdict, { kind: "Passed", warnings: [] });
  });
});

describe("an API server that does not answer for a while", () => {
  const away = (fake: FakeCluster): void => {
    fake.onCall = (name) => {
      if (name === "eachPodPage") throw new AppError("kube.unreachable", { say: "The API server does not answer" });
    };
  };

  test("blocks where nothing was known before", async () => {
    const fake = world();
    away(fake);
    assert.equal((await look(fake, {})).verdict.kind, "Unknown");
  });

  test("takes nine looks nothing of what was known, whoever looks, and blocks at the tenth", async () => {
    const fake = world();
    let { answers } = await look(fake, {});
    away(fake);
    const kinds: string[] = [];
    for (let count = 1; count <= 10; count += 1) {
      const checked = await look(fake, { answers, atMs: count });
      answers = checked.answers;
      kinds.push(checked.verdict.kind);
    }
    assert.deepEqual(kinds, [...Array.from({ length: 9 }, () => "Passed"), "Unknown"]);
  });

  test("leaves nothing known once there is another node", async () => {
    const fake = world();
    const { answers } = await look(fake, {});
    away(fake);
    fake.addNode("n2");
    assert.equal((await look(fake, { answers })).verdict.kind, "Unknown");
  });
});

describe("preflight is due", () => {
  const at = as<Instant>(0);
  const last = { operation: operation.id, at };
  const resting = { ...operation, control: { rest: { since: at, isOver: false } } };
  const cases: readonly [string, boolean][] = [
    ["in every round while its operation goes on", isPreflightDue(operation, last, at)],
    ["once when its operation rests", isPreflightDue(resting, undefined, at)],
    ["for another operation", isPreflightDue({ ...resting, id: as<OperationId>("two") }, last, at)],
    ["every half an hour of the rest", isPreflightDue(resting, last, as<Instant>(30 * 60_000))],
  ];
  for (const [when, isDue] of cases) test(when, () => assert.equal(isDue, true));
  test("not between", () => assert.equal(isPreflightDue(resting, last, as<Instant>(30 * 60_000 - 1)), false));
});
