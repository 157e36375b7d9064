import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import type { ClusterApi } from "../kube/cluster-api.ts";
import { watchMasquerade, type MasqueradeWatch } from "./masquerade-watch.ts";
import type { RulesByFamily } from "./saved-rules.ts";

const CLUSTER = { podRanges: ["10.244.0.0/16"], ownRanges: ["10.244.1.0/24"], serviceRanges: ["10.96.0.0/16"] };
const RULES: RulesByFamily = { 4: { state: "present", kept: ["169.254.0.0/16", "10.0.0.0/8"] }, 6: { state: "absent" } };

/** A cluster that holds these config maps and one Service, and whose watches stay silent. */
function cluster(configMaps: Record<string, Record<string, string>>): Pick<ClusterApi, "get" | "watch"> {
  const list = (items: object[]): object => ({ metadata: { resourceVersion: "1" }, items });
  return {
    get(path) {
      if (path.startsWith("/api/v1/services"))
        return Promise.resolve(
          list([{ metadata: { namespace: "shop", name: "cart" }, spec: { clusterIP: "10.96.0.1", externalIPs: ["20.0.0.1"] } }]),
        );
      const named = Object.entries(configMaps).filter(([name]) => path.endsWith(`metadata.name%3D${name}`));
      return Promise.resolve(list(named.map(([name, data]) => ({ metadata: { namespace: "kube-system", name }, data }))));
    },
    watch: (_path, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  };
}

/** Follows until everything is known. */
async function follow(
  t: TestContext,
  configMaps: Record<string, Record<string, string>>,
  files: Record<string, string> = {},
): Promise<MasqueradeWatch> {
  const folder = mkdtempSync(join(tmpdir(), "masquerade-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const known = Promise.withResolvers<void>();
  const watch = watchMasquerade({
    api: cluster(configMaps),
    logger: createLogger("test", "silent"),
    configFolder: folder,
    keptFile: join(folder, "kept.json"),
    hostPorts: () => [],
    onChange: () => watch.decide(undefined, CLUSTER).wish && known.resolve(),
    askRules: () => Promise.resolve(RULES),
  });
  t.after(async () => {
    await watch.stop();
    rmSync(folder, { recursive: true });
  });
  await known.promise;
  return watch;
}

describe("watchMasquerade", () => {
  it("unites config maps and files", async (t) => {
    const watch = await follow(
      t,
      {
        "azure-ip-masq-agent-config": { "ip-masq-agent": "nonMasqueradeCIDRs: [10.0.0.0/8]" },
        other: { "ip-masq-agent": "nonMasqueradeCIDRs: [9.0.0.0/8]" },
      },
      { "ip-masq-2": "NonMasqueradeCIDRs: [172.16.0.0/12]", other: "{" },
    );
    const { wish, config } = watch.decide(undefined, CLUSTER);
    assert.deepEqual(config.config?.ranges, ["10.0.0.0/8", "172.16.0.0/12"]);
    assert.deepEqual(wish?.outside, {
      native: ["10.0.0.0/8", "169.254.0.0/16"],
      doubtful: ["172.16.0.0/12"],
      service: ["20.0.0.1/32"],
      families: [4],
    });
    assert.equal(wish.enabled, true);
  });

  it("takes the default when nobody has configured anything", async (t) => {
    const watch = await follow(t, {});
    assert.deepEqual(watch.decide(undefined, CLUSTER).config.config?.ranges, ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
  });

  it("does not masquerade when the first configuration is invalid, and names it", async (t) => {
    const watch = await follow(t, {
      "azure-ip-masq-agent-config-reconciled": { "ip-masq-agent-reconciled": "nonMasqueradeCIDRs: [10.0.0.1/8]" },
    });
    const { wish, config } = watch.decide(undefined, CLUSTER);
    assert.equal(wish?.enabled, false);
    assert.match(config.validity.message, /^ip-masq-agent-reconciled: 10\.0\.0\.1\/8 has bits set/);
  });

  it("judges IPv6 ranges by the families of the cluster's pods, and not before they are known", async (t) => {
    const watch = await follow(t, { "azure-ip-masq-agent-config": { "ip-masq-agent": "nonMasqueradeCIDRs: ['fd00::/8']" } });
    const validity = (podRanges: string[]): string => watch.decide(undefined, { ...CLUSTER, podRanges }).config.validity.status;
    assert.deepEqual([validity(["10.244.0.0/16", "fd00:244::/48"]), validity([]), validity(["10.244.0.0/16"])], ["True", "True", "False"]);
  });
});
