import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { NodeCanary, type CanaryObservation, type CanaryStep } from "../../services/node-agent/src/canary/node-canary.ts";
import { on, TwoNodes, type TestAgent } from "./two-nodes.ts";

/** Answers in a second and a half. */
const ANSWERS = 15;
const LOOK_MS = 20;
const PATIENCE_MS = 20_000;
const SILENT_MS = 1000;
const DRAIN_MS = 300;
const UDP = ["udp-ipv4", "udp-ipv6"];
const ALL = [...UDP, "tcp-ipv4", "tcp-ipv6"];

describe("canary flows of a node", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  const canary = new NodeCanary();

  before(() => {
    nodes = new TwoNodes();
    agent = nodes.agent(1, { drainMs: DRAIN_MS });
  });
  after(() => {
    canary.end();
    nodes.close();
  });

  const begin = (step: CanaryStep): Promise<void> =>
    agent.run(() => canary.begin({ step, families: [4, 6], prepare: () => agent.datapath.follow() }));
  const devices = (): string => nodes.inNode(1, "ip -o link show | grep hrcanary || true");
  const undisturbed = (names: readonly string[]): CanaryObservation => ({
    canaries: names.map((name) => ({ name, longestSilenceMs: 0, lost: 0, failed: false })),
    fault: "",
  });
  /** What was seen, with any silence that nobody would notice as none. */
  const seen = (): CanaryObservation => {
    const { canaries = [], fault = "" } = canary.observe() ?? {};
    const short = (silenceMs: number): number => (silenceMs < SILENT_MS / 2 ? 0 : silenceMs);
    return { canaries: canaries.map((one) => ({ ...one, longestSilenceMs: short(one.longestSilenceMs) })), fault };
  };

  it("see no silence when host routing is switched on, and take the fast path's devices", async () => {
    await begin("On");
    assert.equal(agent.reconcile(on(1, 1)).control?.mode, "On");
    await until("answers after the switch", moreAnswers());
    assert.deepEqual(seen(), undisturbed(ALL));
    const attached = agent.reconcile(on(1, 1)).devices.filter(({ name, attached }) => attached && name.startsWith("hrcanary"));
    assert.equal(attached.length, 2);
  });

  it("are the same ones while a switch is tried again", async () => {
    const before = canary.answers;
    await begin("On");
    assert.ok(canary.answers >= before);
  });

  it("see no silence when it is drained and detached, though they were fast before", async () => {
    const fastBefore = fast();
    await begin("Drain");
    await until("answers on the fast path", moreAnswers());
    assert.ok(fast() - fastBefore >= ANSWERS, "they took the fast path");
    agent.datapath.beat();
    await until("the programs to be gone", () => agent.reconcile({ kind: "off", atOnce: false }).control === undefined);
    await until("answers after the switch", moreAnswers());
    assert.deepEqual(seen(), undisturbed(UDP));
  });

  it("report a path that is cut", async () => {
    await begin("On");
    nodes.inNode(1, "iptables -I FORWARD -o hrcanaryb -j DROP");
    await until("a silence", () => (canary.observe()?.canaries ?? []).some(({ longestSilenceMs }) => longestSilenceMs > 1.5 * SILENT_MS));
    nodes.inNode(1, "iptables -D FORWARD -o hrcanaryb -j DROP");
    await until("answers after the cut", moreAnswers());
    for (const { name, longestSilenceMs, lost, failed } of canary.observe()?.canaries ?? []) {
      assert.equal(failed, false, name);
      assert.equal(longestSilenceMs > SILENT_MS, name.endsWith("ipv4"), `${name} was silent for ${longestSilenceMs} ms`);
      assert.equal(lost > 0, name.endsWith("ipv4"), `${name} lost ${lost}`);
    }
  });

  it("leave nothing a few seconds after the switch, and keep what they saw", async () => {
    canary.switchOver();
    await until("the end of watching", () => canary.answers === 0);
    assert.equal(devices(), "");
    assert.equal(canary.observe()?.canaries.length, ALL.length);
    assert.equal(nodes.inNode(1, "ip route; ip -6 route").includes("hrcanary"), false);
  });

  it("need nobody who is asked for an address, also where the node masquerades them", async () => {
    const refused = "-i hrcanaryb -p ipv6-icmp --icmpv6-type neighbour-solicitation -j DROP";
    nodes.inNode(1, `ip6tables -I INPUT ${refused}`);
    await begin("On");
    assert.deepEqual(seen(), undisturbed(ALL));
    canary.end();
    nodes.inNode(1, `ip6tables -D INPUT ${refused}`);
  });

  it("say so when there is no way for them, and hold nothing up", async () => {
    nodes.inNode(1, "ip6tables -I FORWARD -o hrcanaryb -j DROP");
    await begin("On");
    assert.deepEqual(seen(), {
      ...undisturbed(["udp-ipv4", "tcp-ipv4"]),
      fault: "Without an answer before the switch: udp-ipv6, tcp-ipv6.",
    });
    nodes.inNode(1, "iptables -I FORWARD -o hrcanaryb -j DROP");
    canary.end();
    await begin("On");
    assert.deepEqual(seen(), { canaries: [], fault: `Without an answer before the switch: ${ALL.join(", ")}.` });
    assert.equal(devices(), "");
    nodes.inNode(1, "iptables -D FORWARD -o hrcanaryb -j DROP; ip6tables -D FORWARD -o hrcanaryb -j DROP");
  });

  it("vanish with an agent that is killed", async () => {
    const program = path.join(import.meta.dirname, "canary-process.ts");
    const killed = spawn("nsenter", [`--net=${nodes.netns("n1")}`, process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [said] = await once(killed.stdout, "data", { signal: AbortSignal.timeout(PATIENCE_MS) });
      assert.equal(String(said), `${ALL.length} flows\n`);
      assert.match(devices(), /hrcanarya.*\n.*hrcanaryb/);
    } finally {
      killed.kill("SIGKILL");
    }
    await until("the kernel to remove its devices", () => devices() === "");
  });

  it("are rid of what a killed agent left", async () => {
    const leave = (): string => nodes.inNode(1, "ip link add hrcanarya type veth peer name hrcanaryx");
    leave();
    agent.run(() => canary.removeLeftovers());
    assert.equal(devices(), "");
    leave();
    await begin("Drain");
    assert.deepEqual(seen(), undisturbed(UDP));
    canary.end();
    assert.equal(devices(), "");
  });

  function moreAnswers(): () => boolean {
    const enough = canary.answers + ANSWERS;
    return () => canary.answers >= enough;
  }

  function fast(): number {
    const { counters } = agent.reconcile(on(1, 1));
    return counters.fromPod.FastLocal;
  }
});

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
