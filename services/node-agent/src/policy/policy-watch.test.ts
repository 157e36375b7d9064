import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { azureDestinationsPolicy } from "@hostrouting/policy";
import { createLogger } from "@hostrouting/runtime";
import { watchPolicies, type PolicyWatch } from "./policy-watch.ts";

type Answer = { items: object[] } | "absent" | "refused";

describe("following policies", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "policies-"));
  after(() => rmSync(folder, { recursive: true }));

  /** An agent beside an API server that gives one answer to a list, and whose watch stays open. Resolves once it has asked. */
  async function agent(answer: Answer, now: number, state = "one"): Promise<{ watch: PolicyWatch; asked: string[] }> {
    const asked: string[] = [];
    const enough = Promise.withResolvers<void>();
    const api = {
      async get(query: string): Promise<unknown> {
        asked.push(query);
        setImmediate(() => enough.resolve());
        if (answer === "refused") throw new Error("HTTP 403");
        return answer === "absent" ? undefined : { metadata: { resourceVersion: "7" }, items: answer.items };
      },
      watch: (_path: string, { signal }: { signal: AbortSignal }) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    };
    const options = { api, stateDir: path.join(folder, state), clock: { now: () => now }, logger: createLogger("test", "silent") };
    const watch = watchPolicies({ ...options, onChange: () => undefined });
    await enough.promise;
    return { watch, asked };
  }

  it("asks for ours alone, and its last rules outlive process and object", async () => {
    const first = await agent({ items: [azureDestinationsPolicy] }, 0);
    const decided = first.watch.decide();
    assert.deepEqual(first.asked, [
      "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies?limit=100&labelSelector=app.kubernetes.io%2Fmanaged-by%3Dacns-hostrouting",
    ]);
    assert.deepEqual([decided.look, [...(decided.table?.keys() ?? [])]], ["Read", ["168.63.129.16/32", "169.254.169.254/32"]]);
    await first.watch.stop();

    const unable = await agent("refused", 1000);
    assert.deepEqual([unable.watch.decide().look, unable.watch.decide().table], ["Unknown", decided.table]);
    assert.match(unable.watch.decide().refusal?.message ?? "", /403/);
    await unable.watch.stop();

    const deleted = await agent({ items: [] }, 2000);
    assert.deepEqual(deleted.watch.decide().table, decided.table);
    await deleted.watch.stop();
    const later = await agent({ items: [] }, 122_000);
    assert.deepEqual(later.watch.decide().table, new Map());
    await later.watch.stop();
  });

  it("still says what has no room in the kernel after another process took over", async () => {
    const ports = Array.from({ length: 33 }, (_, at) => ({ port: String(1000 + 2 * at), protocol: "TCP" }));
    const large = {
      metadata: { name: "large", generation: 1 },
      spec: {
        endpointSelector: {},
        enableDefaultDeny: { ingress: false, egress: false },
        egressDeny: [{ toCIDR: ["203.0.113.7/32"], toPorts: [{ ports }] }],
      },
    };
    const first = await agent({ items: [large] }, 0, "large");
    const { refusal, faults, table } = first.watch.decide();
    assert.deepEqual([refusal?.reason, table], ["PolicyRefused", new Map()]);
    await first.watch.stop();
    const second = await agent({ items: [large] }, 1000, "large");
    const later = second.watch.decide();
    await second.watch.stop();
    assert.deepEqual([later.refusal?.reason, later.faults], [refusal?.reason, faults]);
  });

  it("reads them anew before each switch, and says so until they are read", async () => {
    const { watch, asked } = await agent({ items: [azureDestinationsPolicy] }, 0, "switch");
    assert.equal(watch.decide().refusal, undefined);
    for (const generation of [5, 6]) {
      const before = asked.length;
      assert.match(watch.decide(generation).refusal?.message ?? "", /being read/);
      while (watch.decide(generation).refusal) await new Promise(setImmediate);
      assert.equal(asked.length, before + 1);
    }
    await watch.stop();
  });

  it("takes a cluster without that resource type for one without policies", async () => {
    const { watch } = await agent("absent", 0, "another");
    const { look, table, refusal } = watch.decide();
    assert.deepEqual([look, table, refusal], ["NotInstalled", new Map(), undefined]);
    await watch.stop();
  });
});
