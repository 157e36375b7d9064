/**
 * Driver `aks-arm` against a second instance of our own surface that stands for Azure: real processes, TLS, tokens, throttling and etags. What real AKS does
 * when it reimages nodes is not shown here; see docs/aks.md.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { as, AppError, type AssessmentId } from "@hostrouting/domain";
import { ids } from "../../services/control-plane/src/testing/test-cluster.ts";
import { registerCluster } from "../../services/rollout-worker/src/register/register-cluster.ts";
import { CLUSTER_ID } from "../../services/rollout-worker/src/testing/test-world.ts";
import { makeStage, startAzure, type Azure, type Stage } from "./stage.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const WRITES_AT_ONCE = 24;

describe("a cluster that AKS manages", () => {
  let azure: Azure;
  let stage: Stage;
  let clusters = 0;

  before(async () => void (azure = await startAzure()));
  after(() => azure.close());
  beforeEach(async () => void (stage = await makeStage(ADMIN_URL, azure, `aks-${(clusters += 1)}`)));
  afterEach(() => stage.close());

  const isFollowed = ({ control }: { control: { azure?: { step: string } | undefined } }): boolean => control.azure?.step === "Following";
  const hasEnded = ({ endedAt }: { endedAt: unknown }): boolean => endedAt !== undefined;
  const modeInAzure = async () => {
    const said = await stage.aks.read();
    return said.kind === "Said" ? [said.value.mode, said.value.provisioningState] : said;
  };
  const shownProperties = async (): Promise<Readonly<Record<string, unknown>>> => {
    const said = await stage.aks.readResource();
    assert.equal(said.kind, "Said");
    return (said as { value: { properties: Readonly<Record<string, unknown>> } }).value.properties;
  };
  const status = async () => (await stage.world.store.clusters.status(CLUSTER_ID)).status;
  /** Somebody else writes the cluster in Azure. */
  const touch = async (): Promise<void> => {
    await azure.store.clusters.change(stage.id, (locked) => {
      assert.ok(locked);
      return { result: undefined, change: { cluster: { ...locked.cluster, etag: "by-somebody-else" }, history: [] } };
    });
  };

  test("is switched on and off again by one change each, and nothing but the mode changes", async () => {
    const { world } = stage;
    const before = await azure.store.rounds.read(stage.id);
    const on = await world.request("BpfVeth");
    const followed = await stage.until(on, isFollowed);
    assert.match(followed.control.azure?.operation ?? "", /\/operations\//);
    assert.deepEqual(await modeInAzure(), ["BpfVeth", "Updating"]);
    await world.round();
    const waits = (await status())?.waits.map(({ reason, subject }) => `${subject} ${reason}`);
    assert.deepEqual(waits?.toSorted(), ["cluster AzureChanging", "n1 AzureReimaging", "n2 AzureReimaging"]);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.deepEqual([(await stage.until(on, hasEnded)).phase, stage.puts()], ["Succeeded", 1]);
    await world.round();
    assert.deepEqual([(await status())?.state, (await status())?.effectiveMode], ["Enabled", "BpfVeth"]);
    const off = await world.request("None");
    await stage.until(off, isFollowed);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.deepEqual([(await stage.until(off, hasEnded)).phase, stage.puts()], ["Succeeded", 2]);
    const afterwards = await azure.store.rounds.read(stage.id);
    assert.deepEqual(afterwards?.cluster.properties, before?.cluster.properties);
    assert.deepEqual([afterwards?.cluster.tags, afterwards?.cluster.envelope], [before?.cluster.tags, before?.cluster.envelope]);
  });

  test("whose change fails in Azure ends with Azure's own code and words", async () => {
    const id = await stage.world.request("BpfVeth");
    await stage.until(id, isFollowed);
    const error = { code: "QuotaExceeded", message: "Provisioning of a surge node needs 4 cores." };
    await stage.azureEnds({ phase: "Failed", error });
    const ended = await stage.until(id, hasEnded);
    assert.deepEqual([ended.phase, ended.error?.code, ended.error?.message], ["Failed", error.code, error.message]);
  });

  test("that somebody changes at the last moment is read again, and changed over what they wrote", async () => {
    stage.beforePut(touch);
    const id = await stage.world.request("BpfVeth");
    const followed = await stage.until(id, isFollowed);
    assert.deepEqual([followed.control.azure?.etag.includes("by-somebody-else"), stage.puts()], [true, 2]);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.equal((await stage.until(id, hasEnded)).phase, "Succeeded");
  });

  test("is asked once, also where the worker dies after Azure took the change and before it noted that", async () => {
    const { world } = stage;
    const id = await world.request("BpfVeth");
    const died = await world
      .round("first")
      .then(() => world.round("first", (name, call) => (name === "change" ? Promise.reject(new Error("killed")) : call())))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    assert.match(String(died), /killed/);
    const { control } = await world.operation(id);
    assert.deepEqual([control.azure?.step, control.azure?.operation, await modeInAzure()], ["Putting", undefined, ["BpfVeth", "Updating"]]);
    await world.expireLease();
    await stage.until(id, isFollowed);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.deepEqual([(await stage.until(id, hasEnded)).phase, stage.puts()], ["Succeeded", 1]);
  });

  test("is aborted in Azure where somebody cancels", async () => {
    const id = await stage.world.request("BpfVeth");
    await stage.until(id, isFollowed);
    await stage.world.cancel(id);
    await stage.until(id, ({ control }) => control.azure?.abortedAt !== undefined);
    await stage.world.round();
    assert.equal((await azure.store.rounds.read(stage.id))?.operation?.cancelRequested, true);
    await stage.azureEnds({ phase: "Canceled" });
    assert.equal((await stage.until(id, hasEnded)).phase, "Canceled");
  });

  test("that Azure does not show is refused by the rule that says so, before anything is asked for", async () => {
    stage.pointAt("nobody-has-this");
    const id = await stage.world.request("BpfVeth");
    const ended = await stage.until(id, hasEnded);
    assert.deepEqual([ended.phase, ended.error?.details?.map(({ code }) => code), stage.puts()], ["Failed", ["PF-001"], 0]);
  });

  test("is followed, and switched off, while nobody can look at its nodes", async () => {
    const { world } = stage;
    const on = await world.request("BpfVeth");
    await stage.until(on, isFollowed);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.equal((await stage.until(on, hasEnded)).phase, "Succeeded");
    world.fake.onCall = () => {
      throw new AppError("kube.unreachable", { say: "no answer", do: "" });
    };
    const off = await world.request("None");
    await stage.until(off, isFollowed);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.equal((await stage.until(off, hasEnded)).phase, "Succeeded");
    assert.equal((await status())?.effectiveMode, "Unknown");
  });

  test("is judged by Azure's words where somebody asks what would happen, and nobody invents how AKS would go about it", async () => {
    const { world } = stage;
    const id = as<AssessmentId>(randomUUID());
    const asked = { mode: "BpfVeth", rolloutPolicy: {}, tenantId: "tenant", objectId: "object" } as const;
    await world.store.assessments.request({ id, clusterId: CLUSTER_ID, kind: "WhatIf", ...asked });
    await world.round();
    await world.assessed();
    const report = (await world.store.assessments.get(id))?.report;
    assert.deepEqual([report?.driver, report?.verdict, report?.forecast], ["aks-arm", "Passed", undefined]);
    assert.equal(stage.puts(), 0);
  });

  test("is registered as Azure shows it, and only once", async () => {
    const { store } = stage.world;
    const registration = {
      provider: "azure",
      driver: "aks-arm",
      tenantId: ids.tenantId,
      accessReference: stage.settingsFile,
      resourceFile: undefined,
    } as const;
    const id = await registerCluster(store, registration, new Date(0));
    assert.equal(id, stage.id);
    const read = await store.rounds.read(id);
    const shown = await azure.store.rounds.read(stage.id);
    assert.deepEqual([read?.cluster.driver, read?.cluster.provider, read?.cluster.tags], ["aks-arm", "azure", shown?.cluster.tags]);
    assert.deepEqual(read?.cluster.properties["networkProfile"], (await shownProperties())["networkProfile"]);
    await assert.rejects(registerCluster(store, registration, new Date(0)), /registered already/);
  });

  test("waits as long as Azure says where the subscription has asked too often", async () => {
    const others: Promise<void>[] = [];
    let areDone = false;
    // They go on until ours has been refused: the bucket fills while a busy machine thinks.
    const goOn = async (): Promise<void> => {
      while (!areDone) await stage.aks.abort();
    };
    stage.beforePut(async () => {
      await Promise.all(Array.from({ length: WRITES_AT_ONCE }, () => stage.aks.abort()));
      others.push(...Array.from({ length: WRITES_AT_ONCE }, goOn));
    });
    const id = await stage.world.request("BpfVeth");
    const held = await stage.until(id, ({ control }) => control.azure?.held !== undefined || control.azure?.step === "Following");
    areDone = true;
    await Promise.all(others);
    assert.equal(held.control.azure?.held?.reason, "AzureThrottled");
    await stage.until(id, isFollowed);
    await stage.azureEnds({ phase: "Succeeded" });
    assert.equal((await stage.until(id, hasEnded)).phase, "Succeeded");
  });
});
