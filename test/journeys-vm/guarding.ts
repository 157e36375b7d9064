import assert from "node:assert/strict";
import { runCommand } from "../journeys/command.ts";
import { enable, ENABLE_TIMEOUT_MS } from "../journeys/expectations.ts";
import { journey, journeyWhileOn } from "../journeys/journey.ts";
import { labMachines, labRecord } from "../journeys/lab-nodes.ts";
import { reportedGuard, type ReportedGuard } from "../journeys/reported-guard.ts";
import type { Stage } from "../journeys/stage.ts";
import { until } from "../journeys/until.ts";
import { withPrivilegedPod, type PrivilegedPod } from "../journeys/privileged-pod.ts";
import { readEvents, type ClusterEvent } from "../journeys/read-events.ts";

/** An emulated processor takes its time; on a real one the bounds are 5 s and 15 s. */
const EVENT_TIMEOUT_MS = 30_000;
const SERVICE_TIMEOUT_MS = 60_000;
const PINS_TIMEOUT_MS = 45_000;
/** ebtables-legacy says no more than this, whatever the kernel said. */
const REFUSED = /not permitted|Permission denied|Unable to update the kernel/;
/** Legacy tables announce nothing: they are looked at each minute. */
const SCAN_TIMEOUT_MS = 90_000;
const PINS = "/sys/fs/bpf/acns-hostrouting-guard";

/** Every tool that writes rules, and what its Event names. */
const ATTEMPTS: readonly (readonly [command: string, named: RegExp])[] = [
  [
    "iptables-nft -A FORWARD -d 192.0.2.1 -m comment --comment mine -j DROP",
    /ip filter FORWARD: ip daddr 192\.0\.2\.1 .*comment "mine".* drop/,
  ],
  ["iptables-legacy -A FORWARD -d 192.0.2.1 -j DROP", /ip filter: the whole table anew/],
  ["ip6tables-nft -A FORWARD -d 2001:db8::1 -j DROP", /ip6 filter FORWARD: ip6 daddr 2001:db8::1 drop/],
  ["ip6tables-legacy -A FORWARD -d 2001:db8::1 -j DROP", /ip6 filter: the whole table anew/],
  ["iptables-nft -P FORWARD DROP", /ip filter FORWARD: policy drop/],
  ["printf '*filter\\n:MINE -\\n-A MINE -j DROP\\nCOMMIT\\n' | iptables-nft-restore -n", /ip filter MINE: drop/],
  ["printf 'table inet mine {\\nchain a {\\ntcp dport 80 drop\\n}\\nchain b {\\n}\\n}\\n' | nft -f -", /inet mine a: .*dport 80 drop/],
  ["arptables-nft -A INPUT -s 192.0.2.1 -j DROP", /arp filter INPUT: /],
  ["arptables-legacy -A INPUT -s 192.0.2.1 -j DROP", /arp filter: the whole table anew/],
  ["ebtables-nft -A FORWARD -s 02:00:00:00:00:01 -j DROP", /bridge filter FORWARD: /],
  ["ebtables-legacy -A FORWARD -s 02:00:00:00:00:01 -j DROP", /bridge filter: the whole table anew/],
];

/** What goes on working. */
const ALLOWED = [
  "iptables-nft -S",
  "nft list ruleset",
  "ip netns add mine && ip netns exec mine iptables-nft -A FORWARD -j DROP; ip netns del mine",
];

/** What keeps such a node off; the cluster is on at its end. */
export function keepsOff(stage: Stage): void {
  journey(stage, "a rule that was there before keeps a virtual machine off, and only its removal lets it on", async () => {
    const machine = machineOf(stage);
    await withPrivilegedPod(stage, { node: machine, name: "writes-before" }, async (pod) => {
      await succeeds(pod, "iptables-legacy -A FORWARD -d 192.0.2.9 -j DROP");
      const refused = await stage.arm.settle(await stage.arm.setMode("BpfVeth"), ENABLE_TIMEOUT_MS);
      assert.equal(refused.status, "Failed");
      const finding = JSON.stringify((refused.error?.details ?? []).find(({ code }) => code === "PF-030") ?? {});
      assert.ok(finding.includes(machine), JSON.stringify(refused.error));
      assert.match(finding, /-d 192\.0\.2\.9.* to remove: iptables-legacy -t filter -D FORWARD/);
      await succeeds(pod, "iptables-legacy -D FORWARD -d 192.0.2.9 -j DROP");
    });
    await enable(stage);
  });
}

/** The guard, where a node's kernel lets it refuse. */
export function guarding(stage: Stage): void {
  journeyWhileOn(stage, "a privileged pod's rules are refused by every tool, and it gets an Event that names them", async () => {
    const machine = machineOf(stage);
    await expectGuard(stage, machine, { rung: "Lsm", mode: "Enforce" });
    await withPrivilegedPod(stage, { node: machine, name: "writes-rules" }, async (pod) => {
      const [tried, allowed] = [ATTEMPTS.map(([command]) => command), ALLOWED];
      const results = await runAll(pod, [...tried, ...allowed]);
      for (const command of tried) expectRefused(command, results.get(command));
      for (const command of allowed) assert.equal(results.get(command)?.code, 0, `${command}: ${results.get(command)?.said}`);
      await expectEvents(stage, { kind: "Pod", name: pod.name }, ATTEMPTS.slice(0, POD_EVENTS_MAX));
      const [event] = (await readEvents(stage, { kind: "Node", name: machine })).filter(({ reason }) => reason === "BlockedIPTablesRule");
      assert.match(event?.message ?? "", /in pod default\/writes-rules, container [0-9a-f]+, wanted to write/);
      await until(
        "all attempts to be counted",
        EVENT_TIMEOUT_MS,
        async () => ((await reportedGuard(stage, machine)).blocked ?? 0) >= ATTEMPTS.length,
      );
    });
  });

  journeyWhileOn(stage, "pins that a privileged pod removes are made again and named, and rules are refused meanwhile", async () => {
    const machine = machineOf(stage);
    await withPrivilegedPod(stage, { node: machine, name: "removes-pins" }, async (pod) => {
      await succeeds(pod, `rm -r ${PINS}/*`);
      await isRefused(pod, "iptables-nft -A FORWARD -d 192.0.2.1 -j DROP");
      const tampered = await until("an Event of the removed pins", PINS_TIMEOUT_MS, async () =>
        (await readEvents(stage, { kind: "Node", name: machine })).find(({ reason }) => reason === "BlockerTampered"),
      );
      assert.match(tampered.message, /on_netlink_send-link/);
      await succeeds(pod, `ls ${PINS}/*/on_bpf-link`);
    });
  });

  journeyWhileOn(stage, "break-glass lets rules through and tells of them, and ends", async () => {
    const machine = machineOf(stage);
    await withPrivilegedPod(stage, { node: machine, name: "breaks-glass" }, (pod) => breakGlass(stage, machine, pod));
  });

  journeyWhileOn(stage, "with the agent dead, a restarted kube-proxy programs a Service and a pod with a host port starts", async () => {
    await expectOwnWriters(stage, machineOf(stage));
  });
}

/** A pod's budget of Events in a minute. */
const POD_EVENTS_MAX = 10;

/** Until the time that it names, rules are let through and told of; the rule is gone again by the journey's own hand. */
async function breakGlass(stage: Stage, machine: string, pod: PrivilegedPod): Promise<void> {
  const guard = async (auditUntil: string | null): Promise<void> => {
    const patch = JSON.stringify({ spec: { guard: { auditUntil } } });
    await stage.cluster.kubectl("patch", "hostroutingconfig/default", "--type=merge", "-p", patch);
  };
  await guard(new Date(Date.now() + 600_000).toISOString());
  await until(
    "the guard to let rules through",
    EVENT_TIMEOUT_MS,
    async () => (await reportedGuard(stage, machine)).auditUntil !== undefined,
  );
  await succeeds(pod, "iptables-nft -A FORWARD -d 192.0.2.2 -j DROP");
  await until("an Event of the rule that was let through", EVENT_TIMEOUT_MS, async () =>
    (await readEvents(stage, { kind: "Node", name: machine })).find(
      ({ reason, message }) => reason === "AuditedIPTablesRule" && message.includes("192.0.2.2"),
    ),
  );
  await succeeds(pod, `iptables-legacy -A FORWARD ${LEGACY_RULE}`);
  await guard(null);
  await until("the guard to refuse again", EVENT_TIMEOUT_MS, async () => (await reportedGuard(stage, machine)).auditUntil === undefined);
  await isRefused(pod, "iptables-nft -A FORWARD -d 192.0.2.3 -j DROP");
  await succeeds(pod, "iptables-nft -D FORWARD -d 192.0.2.2 -j DROP");
  await removeByAgent(stage, machine, pod);
}

const LEGACY_RULE = "-d 192.0.2.4/32 -j DROP";

/** A table of the old kind is written whole, so that whoever may not add to it cannot take from it either: the agent can, and only what a scan names. */
async function removeByAgent(stage: Stage, machine: string, pod: PrivilegedPod): Promise<void> {
  await isRefused(pod, `iptables-legacy -D FORWARD ${LEGACY_RULE}`);
  const digest = await until("a scan that finds the rule, and no other", SCAN_TIMEOUT_MS, async () => {
    const { scan } = (await stage.cluster.get(`hostroutingnode/${machine}`)).status as { scan?: ReportedScan };
    return scan?.findings === 1 && JSON.stringify(scan).includes("192.0.2.4") && scan.digest;
  });
  const { code, stdout, stderr } = await runCommand(stage, "node", "remove-rules", machine, "--digest", digest);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.equal((await pod.runOnNode("iptables-legacy", "-S", "FORWARD")).stdout.includes("192.0.2.4"), false);
}

type ReportedScan = { readonly findings: number; readonly digest: string };

/** The agent stands still as if it were dead, and kube-proxy is started anew, as it is when a node is short of memory. */
/** The pattern's first letter in brackets, so that the shell that carries it is not stopped as well. */
const AGENT = "[s]ervices/node-agent/src/main.ts";

/** A restarted kube-proxy programs a Service, and a pod with a host port starts, although the guard enforces and its agent is dead. */
async function expectOwnWriters(stage: Stage, machine: string): Promise<void> {
  await withPrivilegedPod(stage, { node: machine, name: "stops-the-agent" }, async (pod) => {
    await succeeds(pod, `pkill -STOP -f ${AGENT} && pkill -x kube-proxy`);
    try {
      await expectServiceAndHostPort(stage, machine, pod);
    } finally {
      await succeeds(pod, `pkill -CONT -f ${AGENT}`);
    }
  });
}

async function expectServiceAndHostPort(stage: Stage, machine: string, pod: PrivilegedPod): Promise<void> {
  const name = "guarded-port";
  const labels = { app: name };
  await stage.cluster.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "default", name },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await stage.cluster.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name, labels },
    spec: {
      nodeName: machine,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        {
          name: "waits",
          image: labRecord(stage.stateDir).bundleImage,
          imagePullPolicy: "Never",
          command: ["sleep", "infinity"],
          ports: [{ containerPort: 8080, hostPort: 18_080 }],
        },
      ],
    },
  });
  try {
    await stage.cluster.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=90s");
    const service = await stage.cluster.get(`service/${name}`);
    const ip = (service.spec as unknown as { clusterIP: string }).clusterIP;
    // both ways in which kube-proxy may write, and the host port's rule by the portmap plugin
    const written = async (): Promise<string> => (await pod.runOnNode("sh", "-c", "iptables-save; nft list ruleset")).stdout;
    const isService = new RegExp(`-d ${ip}/32 |${ip} . tcp . 80 :`.replaceAll(".", String.raw`\.`));
    await until(`rules of Service ${ip} on ${machine}`, SERVICE_TIMEOUT_MS, async () => isService.test(await written()));
    assert.match(await written(), /--dport 18080 /);
  } finally {
    await stage.cluster.kubectl("delete", "pod", name, "--force", "--grace-period=0", "--ignore-not-found");
    await stage.cluster.kubectl("delete", "service", name, "--ignore-not-found");
  }
}

async function expectGuard(stage: Stage, node: string, expected: ReportedGuard): Promise<void> {
  const { rung, mode } = await reportedGuard(stage, node);
  assert.deepEqual({ rung, mode }, expected);
  const { status } = await stage.cluster.get(`hostroutingnode/${node}`);
  const condition = status?.conditions?.find(({ type }) => type === "GuardActive") as { status: string; reason: string } | undefined;
  assert.deepEqual([condition?.status, condition?.reason], ["True", expected.rung]);
}

async function expectEvents(
  stage: Stage,
  about: { kind: "Node" | "Pod"; name: string },
  attempts: readonly (readonly [command: string, named: RegExp])[],
): Promise<void> {
  let seen: readonly ClusterEvent[] = [];
  const missing = (): string[] =>
    attempts.flatMap(([command, named]) =>
      seen.some(({ reason, message }) => reason === "BlockedIPTablesRule" && named.test(message)) ? [] : [command],
    );
  await until(`Events about ${about.name}`, EVENT_TIMEOUT_MS, async () => {
    seen = await readEvents(stage, about);
    return missing().length === 0;
  }).catch(() => assert.deepEqual(missing(), [], JSON.stringify(seen)));
}

type Tried = { readonly code: number; readonly said: string };

/** Runs one after the other in one go: on an emulated node, getting into a pod takes as long as a tool does. */
async function runAll(pod: PrivilegedPod, commands: readonly string[]): Promise<ReadonlyMap<string, Tried>> {
  const script = commands.map((command) => `said=$( ( ${command} ) 2>&1 ); printf '%s\\n%s\\036' "$?" "$said"`).join("\n");
  const { stdout } = await pod.runOnNode("sh", "-c", script);
  const answers = stdout.split("\u001e");
  return new Map(
    commands.map((command, at) => {
      const [code = "", ...said] = (answers[at] ?? "").split("\n");
      return [command, { code: code === "" ? Number.NaN : Number(code), said: said.join("\n") }];
    }),
  );
}

function expectRefused(command: string, tried: Tried | undefined): void {
  assert.ok(tried !== undefined && tried.code > 0, `${command} was let through: ${tried?.said}`);
  assert.match(tried.said, REFUSED, command);
}

async function isRefused(pod: PrivilegedPod, command: string): Promise<void> {
  const { code, stdout, stderr } = await pod.runOnNode("sh", "-c", command);
  expectRefused(command, { code, said: `${stdout}${stderr}` });
}

async function succeeds(pod: PrivilegedPod, command: string): Promise<void> {
  const { code, stderr } = await pod.runOnNode("sh", "-c", command);
  assert.equal(code, 0, `${command}: ${stderr}`);
}

function machineOf(stage: Stage): string {
  const [machine] = labMachines(stage.stateDir);
  assert.ok(machine);
  return machine.name;
}
