import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { openStateFolder } from "../../infra/dev/state-folder.ts";
import { ENABLE_TIMEOUT_MS, DISABLE_TIMEOUT_MS, expectDisabled } from "./expectations.ts";
import { journey } from "./journey.ts";
import { labNodes, onNode } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";
import { SHORT_SOAKS, withPolicy } from "./with-policy.ts";

const run = promisify(execFile);
/** What preflight takes for an agent of Cilium's of this version; on the lab's nodes it is another name of the lab's own image. */
const IMAGE = "localhost/stand-in/cilium:v1.18.9";
const NAMESPACE = "kube-system";
const RIGHTS = path.resolve(import.meta.dirname, "../../infra/k8s/cilium/worker-rbac.yaml");
const STAND_IN = readFileSync(path.join(import.meta.dirname, "stand-in-cilium.cjs"), "utf8");
const AGENTS_READY_MS = 60_000;

/**
 * The driver `cilium` against a real API server: rights, server-side apply, programs run in pods, a DaemonSet that makes pods again. Cilium itself is a stand-in
 * (`stand-in-cilium.cjs`), since the lab has none: what it says of routing is what Cilium documents, and nothing is routed.
 */
export function ciliumDriver(stage: Stage): void {
  journey(
    stage,
    "a cluster with a Cilium of its own (a stand-in): on by one object a node and its agent's word, refused, taken back, and off without a trace",
    () =>
      withStandIn(stage, async () => {
        assert.deepEqual((await switchTo(stage, "BpfVeth")).status, "Succeeded");
        await expectRouting(stage, "BPF");
        const objects = await stage.cluster.list("ciliumnodeconfigs", "-n", NAMESPACE);
        assert.deepEqual(
          objects.map(({ metadata }) => metadata.name),
          labNodes(stage.stateDir)
            .map(({ name }) => `acns-hostrouting-${name}`)
            .toSorted(),
        );
        assert.deepEqual(await stage.cluster.list("daemonsets", "-n", "acns-hostrouting"), []);
        assert.equal((await stage.arm.hostRouting()).properties.effectiveMode, "BpfVeth");
        assert.deepEqual((await switchTo(stage, "None")).status, "Succeeded");
        await expectRouting(stage, "Legacy");
        await expectNothingOfOurs(stage);

        const rival = { "enable-host-legacy-routing": "true" };
        await stage.cluster.apply({
          apiVersion: "cilium.io/v2",
          kind: "CiliumNodeConfig",
          metadata: { name: "zz-somebody", namespace: NAMESPACE },
          spec: { nodeSelector: { matchLabels: {} }, defaults: rival },
        });
        const refused = await switchTo(stage, "BpfVeth");
        assert.deepEqual([refused.status, refused.error?.details?.map(({ code }) => code)], ["Failed", ["PF-027"]]);
        await stage.cluster.kubectl("delete", "ciliumnodeconfig", "zz-somebody", "-n", NAMESPACE);
        assert.deepEqual((await switchTo(stage, "None")).status, "Succeeded");
        await expectNothingOfOurs(stage);
      }),
  );
}

async function switchTo(stage: Stage, mode: "BpfVeth" | "None") {
  const operation = await stage.arm.settle(await stage.arm.setMode(mode), mode === "None" ? DISABLE_TIMEOUT_MS : ENABLE_TIMEOUT_MS);
  return operation;
}

/** Every agent's own word, asked as a person would. */
async function expectRouting(stage: Stage, mode: "BPF" | "Legacy"): Promise<void> {
  for (const { metadata } of await stage.cluster.list("pods", "-n", NAMESPACE, "-l", "k8s-app=cilium")) {
    const { stdout } = await stage.cluster.exec({ namespace: NAMESPACE, name: metadata.name }, "cilium-dbg", "status", "-o", "json");
    const said = JSON.parse(stdout) as { routing: Record<string, string> };
    assert.equal(said.routing["intra-host-routing-mode"], mode, metadata.name);
  }
}

async function expectNothingOfOurs(stage: Stage): Promise<void> {
  const objects = await stage.cluster.list("ciliumnodeconfigs", "-n", NAMESPACE);
  assert.deepEqual(
    objects.filter(({ metadata }) => metadata.name.startsWith("acns-hostrouting-")),
    [],
  );
  await expectDisabled(stage);
}

/** The stand-in runs on every node, the worker has the rights that the driver wants, and the lab's record says `cilium`; afterwards all is as before. */
async function withStandIn(stage: Stage, work: () => Promise<void>): Promise<void> {
  const rights = parseAllDocuments(readFileSync(RIGHTS, "utf8")).map((document) => document.toJS() as object);
  const image = await stage.cluster.kubectl(
    "get",
    "deployment/web",
    "-n",
    "demo",
    "-o",
    "jsonpath={.spec.template.spec.containers[0].image}",
  );
  const objects = [...rights, ...standIn()];
  try {
    for (const node of labNodes(stage.stateDir))
      await onNode(node, "ctr", "--namespace", "k8s.io", "images", "tag", "--force", image, IMAGE);
    for (const object of objects) await stage.cluster.apply(object);
    await until("the stand-ins to be ready", AGENTS_READY_MS, async () => {
      const ready = "jsonpath={.status.numberReady}/{.status.desiredNumberScheduled}";
      const [some, all] = (await stage.cluster.kubectl("get", "daemonset/cilium", "-n", NAMESPACE, "-o", ready)).split("/").map(Number);
      return some === all && some === labNodes(stage.stateDir).length;
    });
    await setDriver(stage, "cilium");
    await withPolicy(stage, SHORT_SOAKS, work);
  } finally {
    await setDriver(stage, "bundle");
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await deleteAll(stage, list);
    for (const node of labNodes(stage.stateDir)) await onNode(node, "ctr", "--namespace", "k8s.io", "images", "rm", IMAGE);
  }
}

/** A record's driver is set when it is made, and by nobody afterwards; here it is the database's administrator who changes it, with host routing off. */
async function setDriver(stage: Stage, driver: "bundle" | "cilium"): Promise<void> {
  const socket = path.join(openStateFolder(stage.stateDir).runtime, "postgres");
  const statement = `update managed_cluster set driver = '${driver}'`;
  await run("psql", ["-h", socket, "-U", "postgres", "-d", "hostrouting", "-v", "ON_ERROR_STOP=1", "-c", statement], { timeout: 10_000 });
}

async function deleteAll(stage: Stage, list: string): Promise<void> {
  for (const { kind, metadata } of (JSON.parse(list) as { items: { kind: string; metadata: { name: string; namespace?: string } }[] })
    .items) {
    const where = metadata.namespace === undefined ? [] : ["-n", metadata.namespace];
    await stage.cluster.kubectl("delete", kind.toLowerCase(), metadata.name, ...where, "--ignore-not-found", "--wait=true");
  }
}

const meta = (name: string) => ({ name, namespace: NAMESPACE });

/** Cilium's configuration as its charts write it where host routing is left to the stack, and the stand-in's own objects. */
function standIn(): readonly object[] {
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", ...meta("cilium") }];
  const env = [
    { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    { name: "PATH", value: "/stand-in:/usr/bin:/bin" },
  ];
  const volumeMounts = [
    { name: "program", mountPath: "/stand-in" },
    { name: "tmp", mountPath: "/tmp" },
  ];
  const container = { image: IMAGE, imagePullPolicy: "Never", env, volumeMounts };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("cilium") },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: "stand-in-cilium" },
      rules: [
        { apiGroups: [""], resources: ["nodes", "configmaps"], verbs: ["get"] },
        { apiGroups: ["cilium.io"], resources: ["ciliumnodeconfigs"], verbs: ["list"] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "stand-in-cilium" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "stand-in-cilium" },
      subjects,
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: meta("cilium-config"),
      data: {
        "kube-proxy-replacement": "true",
        "enable-bpf-masquerade": "true",
        "routing-mode": "native",
        "enable-host-legacy-routing": "true",
      },
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: meta("stand-in-cilium"), data: { "cilium-dbg": STAND_IN } },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: meta("cilium"),
      spec: {
        selector: { matchLabels: { "k8s-app": "cilium" } },
        updateStrategy: { type: "OnDelete" },
        template: {
          metadata: { labels: { "k8s-app": "cilium" } },
          spec: {
            serviceAccountName: "cilium",
            hostNetwork: true,
            terminationGracePeriodSeconds: 1,
            tolerations: [{ operator: "Exists" }],
            initContainers: [{ name: "config", command: ["/stand-in/cilium-dbg", "build-config"], ...container }],
            containers: [{ name: "cilium-agent", command: ["/stand-in/cilium-dbg", "agent"], ...container }],
            volumes: [
              { name: "program", configMap: { name: "stand-in-cilium", defaultMode: 0o755 } },
              { name: "tmp", emptyDir: {} },
            ],
          },
        },
      },
    },
  ];
}
