import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable } from "node:stream";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { denyTable, type DenyTable } from "../../services/node-agent/src/policy/deny-table.ts";
import { NodeProbes, type ProbeReport } from "../../services/node-agent/src/probes/node-probes.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { startEcho, stopTraffic } from "./traffic.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";

const WIRESERVER = "168.63.129.16";
const METADATA = "169.254.169.254";
const RANGES = ["10.201.1.0/24", "fd00:201:1::/48"];
const LOOK_MS = 20;
const PATIENCE_MS = 20_000;
const GUARDED = ["wireserver-80", "wireserver-32526", "metadata-80"];
const OPEN = ["wireserver-dns", "control"];

/** Sends every question back, from the address that was asked. */
const NAME_SERVER = `
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (question, from) => socket.send(question, from.port, from.address));
  socket.bind(53, "${WIRESERVER}", () => process.stdout.write("ready"));
`;

function rules(): DenyTable {
  const tcp = (port: number) => ({ protocol: "TCP", first: port, last: port }) as const;
  const worked = denyTable([
    { ranges: [`${WIRESERVER}/32`], ports: [tcp(80), tcp(32_526)] },
    { ranges: [`${METADATA}/32`], ports: [tcp(80)] },
  ]);
  assert.ok("table" in worked);
  return worked.table;
}

describe("probes of a node", () => {
  const table = rules();
  let nodes: TwoNodes;
  let agent: TestAgent;
  let probes: NodeProbes;
  let nameServer: ChildProcessByStdio<null, Readable, null>;
  let step = 0;
  const reached: string[] = [];

  before(async () => {
    nodes = new TwoNodes();
    nodes.inPod("out", `ip addr add ${WIRESERVER}/32 dev lo; ip addr add ${METADATA}/32 dev lo`);
    for (const port of [80, 32_526, PORT]) await startEcho(nodes, "out", port);
    nameServer = spawn("nsenter", [`--net=${nodes.netns("out")}`, process.execPath, "--eval", NAME_SERVER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(nameServer.stdout, "data");
    agent = nodes.agent(1);
    probes = new NodeProbes({
      control: { address: OUTSIDE.v4, port: PORT },
      prepare: () => agent.run(() => agent.datapath.follow()),
      onChange: () => undefined,
      onReached: (note) => reached.push(note),
      now: () => Date.now(),
    });
  });
  after(() => {
    probes.end();
    nameServer.kill("SIGKILL");
    stopTraffic();
    nodes.close();
  });
  afterEach(() => {
    probes.end();
    agent.datapath.setDenied(new Map());
    agent.reconcile({ kind: "off", atOnce: true });
  });

  const look = (basis: string): ProbeReport => agent.run(() => probes.look({ table, basis, ranges: RANGES, used: [] }));
  const devices = (): string => nodes.inNode(1, "ip -o link show | grep hrprobe || true");
  const forward = (change: "-A" | "-D"): void =>
    void nodes.inNode(
      1,
      GUARDED.map(
        (name) =>
          `iptables ${change} FORWARD -d ${name.startsWith("w") ? WIRESERVER : METADATA} -p tcp --dport ${name.split("-")[1]} -j DROP`,
      ).join("; "),
    );

  /** Outcomes of a run by name, once it has ended. */
  async function outcomes(): Promise<Record<string, string>> {
    const basis = String(++step);
    const first = look(basis);
    assert.ok(
      first.results.every(({ outcome }) => outcome === "Unknown"),
      "what was found before says nothing",
    );
    assert.match(devices(), /hrprobe/);
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await pause(LOOK_MS)) {
      const { results } = look(basis);
      if (results.some(({ message }) => message.startsWith("Not tried"))) continue;
      assert.equal(devices(), "", "nothing is left");
      return Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
    }
    throw new Error("the probes did not end");
  }
  const all = (guarded: string, open: string): Record<string, string> =>
    Object.fromEntries([...GUARDED.map((name) => [name, guarded]), ...OPEN.map((name) => [name, open])]);

  it("find what can be reached although a policy denies it", async () => {
    assert.deepEqual(await outcomes(), all("Failed", "Passed"));
    assert.equal(reached.length, 1);
    const [told] = probes.tellings({ kind: "Node", name: "n1", uid: "u" });
    assert.match(`${told?.reason} ${told?.note}`, /^PolicyNotEnforced A pod reaches 168\.63\.129\.16 TCP 80/);
  });

  it("find it too where the first packet to each is lost", async () => {
    nodes.inNode(
      1,
      `nft -f - <<'END'
      table ip loses {
        set seen { type ipv4_addr . inet_service; flags dynamic; size 64; }
        chain forward {
          type filter hook forward priority -10;
          iifname "hrprobe" tcp flags syn ip daddr . tcp dport @seen accept
          iifname "hrprobe" tcp flags syn add @seen { ip daddr . tcp dport } drop
        }
      }
END`,
    );
    try {
      assert.deepEqual(await outcomes(), all("Failed", "Passed"));
    } finally {
      nodes.inNode(1, "nft delete table ip loses");
    }
  });

  it("find that the node's own rules deny it", async () => {
    forward("-A");
    try {
      assert.deepEqual(await outcomes(), all("Passed", "Passed"));
    } finally {
      forward("-D");
    }
  });

  it("are a pod to the programs, which deny it without any rule of the node", async () => {
    agent.datapath.setDenied(table);
    const before = agent.reconcile(on(1, 1, { masquerade: masqueradeWish() })).counters;
    assert.deepEqual(await outcomes(), all("Passed", "Passed"));
    const { counters } = agent.reconcile({ kind: "leave" });
    assert.ok(counters.fromPod.DropDenied - before.fromPod.DropDenied >= GUARDED.length);
    assert.ok(counters.fromPod.FastMasquerade > before.fromPod.FastMasquerade, "the control went the fast way");
    assert.equal(counters.fromPod.StackSource, before.fromPod.StackSource);
  });

  it("prove no denial where nobody answers", async () => {
    nodes.inNode(1, "iptables -I FORWARD -i hrprobe -j DROP");
    try {
      assert.deepEqual(await outcomes(), all("Unknown", "Failed"));
    } finally {
      nodes.inNode(1, "iptables -D FORWARD -i hrprobe -j DROP");
    }
  });

  it("take no address that a pod has", async () => {
    nodes.addPod({ name: "last", node: 1, v4: "10.201.1.254", v6: "fd00:201:1:ffff:ffff:ffff:ffff:fffe" });
    look(String(++step));
    assert.match(nodes.inNode(1, "ip route show dev hrprobe"), /10\.201\.1\.253/);
    probes.end();
    nodes.removePod("last");
  });

  it("are tried again when they are due, and not before", async () => {
    await outcomes();
    assert.equal(look(String(step)).results.length, GUARDED.length + OPEN.length);
    assert.equal(devices(), "");
  });

  it("leave nothing when their agent is killed in a run, or the next one removes it", async () => {
    const program = path.join(import.meta.dirname, "probe-process.ts");
    const child = spawn("nsenter", [`--net=${nodes.netns("n1")}`, process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    assert.match(devices(), /hrprobe/);
    child.kill("SIGKILL");
    await once(child, "exit");
    agent.run(() => probes.removeLeftovers());
    assert.equal(devices(), "");
  });

  it("say nothing where there is nothing to try", () => {
    assert.deepEqual(agent.run(() => probes.look({ table: new Map(), basis: "", ranges: RANGES, used: [] })).results, []);
    assert.deepEqual(agent.run(() => probes.look({ table: undefined, basis: "", ranges: RANGES, used: [] })).results, []);
    const nowhere = agent.run(() => probes.look({ table, basis: "nowhere", ranges: ["fd00:201:1::/48"], used: [] }));
    assert.ok(nowhere.results.every(({ outcome, message }) => outcome === "Unknown" && message.includes("no pod range of IPv4")));
  });
});
