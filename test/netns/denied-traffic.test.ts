import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { attachTcx, BpfObject, detachPinnedLink, NetworkNamespace, queryTcx } from "@hostrouting/bpf-loader";
import { namedCounter } from "../../services/node-agent/src/figures/kernel-texts.ts";
import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import type { Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { denyTable, EMPTY_TABLE, type DenyTable } from "../../services/node-agent/src/policy/deny-table.ts";
import { compileObject } from "./loader/compiled-object.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { exchangeAll, startEcho, stopTraffic, type FlowPlan } from "./traffic.ts";
import { NODE_PORT, on, OUTSIDE, PORT, TwoNodes, type AgentChanges, type TestAgent } from "./two-nodes.ts";

const FAMILIES = ["v4", "v6"] as const;

const FREE_PORT = 8081;
/** A Service's address; what it leads to is outside the cluster. */
const FRONT = { v4: "10.96.0.66", v6: "fd00:96::66" } as const;
/** An answer takes a millisecond, and as long as a busy machine lets nobody run. */
const PATIENCE_S = 10;
/** From when a shell that runs already connects: a SYN is sent again after a second. */
const SILENT_S = 0.4;
const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");

/** What pods may not open: one port of the host outside. */
const RULES = tableOf("TCP", PORT, PORT);

function tableOf(protocol: "TCP" | "UDP", first: number, last: number): DenyTable {
  const worked = denyTable([{ ranges: [`${OUTSIDE.v4}/32`, `${OUTSIDE.v6}/128`], ports: [{ protocol, first, last }] }]);
  assert.ok("table" in worked);
  return worked.table;
}

describe("denied destinations", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "out"]) await startEcho(nodes, pod, PORT);
    await startEcho(nodes, "out", FREE_PORT);
    const front = (tables: string, address: string, to: string): string =>
      `${tables} -t nat -I PREROUTING -d ${address} -p tcp -j DNAT --to ${to}`;
    nodes.inNode(1, `${front("iptables", FRONT.v4, OUTSIDE.v4)}; ${front("ip6tables", FRONT.v6, OUTSIDE.v6)}`);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => void agent.reconcile({ kind: "off", atOnce: true }));

  function begin(changes: AgentChanges = {}, denied: DenyTable = RULES): Observation {
    agent = nodes.agent(1, changes);
    agent.datapath.setDenied(denied);
    return order();
  }
  const order = (): Observation => agent.reconcile(on(++generation, 1, { masquerade: masqueradeWish() }));
  const counted = (reason: Reason): number => agent.reconcile({ kind: "leave" }).counters.fromPod[reason];

  const inside = (from: string | 1, line: string): string => (from === 1 ? nodes.inNode(1, line) : nodes.inPod(from, line));

  /** A connection is established by its first SYN. */
  function reaches(from: string | 1, address: string, port: number): boolean {
    const sentAgain = (): number | undefined => namedCounter(inside(from, "cat /proc/net/netstat"), "TcpExt", "TCPSynRetrans");
    const before = sentAgain();
    const line = `timeout ${PATIENCE_S} bash -c "echo > /dev/tcp/${address}/${port}" 2>/dev/null && echo yes || echo no`;
    return inside(from, line).trim() === "yes" && sentAgain() === before;
  }

  /** A SYN leaves, and no connection is established. */
  function isKeptFrom(from: string, address: string, port: number): boolean {
    const connect = `(echo > /dev/tcp/${address}/${port} && echo yes) 2>/dev/null`;
    return inside(from, `bash -c "${connect} & sleep ${SILENT_S}; kill \\$! 2>/dev/null; true"`).trim() === "";
  }

  /** The whole of what the rules say, seen from a pod. */
  function expectDenied(pod: string, why: string): void {
    for (const family of FAMILIES) {
      assert.ok(isKeptFrom(pod, OUTSIDE[family], PORT), `${family}, ${why}: denied`);
      assert.ok(reaches(pod, OUTSIDE[family], FREE_PORT), `${family}, ${why}: another port`);
    }
  }

  it("are out of reach from the first to the last moment: on, draining, agent dead, next version; the node itself is not kept from them", () => {
    begin();
    expectDenied("a", "on");
    for (const family of FAMILIES) assert.ok(reaches(1, OUTSIDE[family], PORT), "the node");
    agent.reconcile({ kind: "drain" });
    expectDenied("a", "draining");
    agent.datapath.close();
    expectDenied("a", "without an agent");
    agent = nodes.agent(1, { version: "ba9876543210" });
    order();
    expectDenied("a", "another version, which has not been told the rules");
    agent.datapath.setDenied(EMPTY_TABLE);
    agent.reconcile({ kind: "leave" });
    for (const family of FAMILIES) assert.ok(reaches("a", OUTSIDE[family], PORT), "without rules");
  });

  it("are denied while the mode is OFF as well", () => {
    begin();
    agent.run(() => agent.datapath.reconcile({ kind: "drain" }));
    const [folder] = pinFolders(nodes.pinRoot(1));
    assert.ok(folder);
    const datapath = Datapath.adopt(folder);
    datapath.switchOff();
    datapath.close();
    expectDenied("a", "off");
  });

  for (const hook of ["tcx", "clsact"] as const)
    it(`are denied at the uplink to what from_pod does not see: ${hook}`, () => {
      const seen = begin({ hook });
      assert.deepEqual(seen.denials?.unguarded, []);
      for (const family of FAMILIES) {
        const before = counted("DropDeniedOut");
        assert.ok(isKeptFrom("a", FRONT[family], PORT), "through a Service");
        assert.ok(counted("DropDeniedOut") > before);
        assert.ok(reaches("a", FRONT[family], FREE_PORT));
        assert.ok(reaches(1, OUTSIDE[family], PORT), "the node");
      }
      nodes.addPod({ name: "new", node: 1, v4: "10.201.1.9", v6: "fd00:201:1::9" });
      expectDenied("new", "between the making of a pod and the next look");
      nodes.removePod("new");
      agent.reconcile({ kind: "off", atOnce: true });
      assert.doesNotMatch(nodes.inNode(1, "tc qdisc show dev eth0; tc filter show dev eth0 egress"), /clsact|to_net/);
      if (hook === "tcx")
        assert.deepEqual(
          agent.run(() => queryTcx({ ifindex: indexOf("eth0"), side: "Egress" })),
          [],
        );
    });

  it("are denied to a pod whose device carries somebody else's program", () => {
    begin();
    const pin = path.join(nodes.bpffs, "foreign");
    const foreign = BpfObject.load(OBJECT);
    try {
      agent.run(() => attachTcx(foreign.program("from_pod"), { ifindex: indexOf("lb"), side: "Ingress" }, pin));
      order();
      expectDenied("b", "left to the stack");
    } finally {
      detachPinnedLink(pin);
      foreign.close();
    }
  });

  it("are denied to frames with a priority tag", () => {
    begin();
    const pin = path.join(nodes.bpffs, "tag");
    const compiled = compileObject("priority_tag");
    const object = BpfObject.load(compiled.file);
    const pod = NetworkNamespace.openNamed(nodes.netns("a"));
    try {
      pod.run(() => attachTcx(object.program("tag"), { ifindex: eth0In("a"), side: "Egress" }, pin));
      const before = { denied: counted("DropDenied"), tagged: counted("StackNotIp") };
      assert.ok(isKeptFrom("a", OUTSIDE.v4, PORT));
      assert.ok(counted("DropDenied") > before.denied);
      assert.ok(reaches("a", OUTSIDE.v4, FREE_PORT));
      assert.ok(counted("StackNotIp") > before.tagged, "the tag is there");
    } finally {
      detachPinnedLink(pin);
      pod.close();
      object.close();
      compiled.remove();
    }
  });

  for (const gate of ["Conntrack", "HandshakeOnly"] as const)
    it(`may still begin, and are answered: ${gate}`, async () => {
      for (const protocol of gate === "Conntrack" ? (["TCP", "UDP"] as const) : (["TCP"] as const)) {
        begin({ gate }, tableOf(protocol, 1, 65_535));
        const plans = FAMILIES.map((family): FlowPlan => ({
          name: family,
          protocol: protocol === "TCP" ? "tcp" : "udp",
          address: NODE_PORT[family],
          port: NODE_PORT.port,
          bytes: 4000,
        }));
        assert.deepEqual(await exchangeAll(nodes, "out", plans), [null, null], protocol);
        if (protocol === "TCP") for (const family of FAMILIES) assert.ok(isKeptFrom("b", OUTSIDE[family], PORT));
        agent.reconcile({ kind: "off", atOnce: true });
      }
    });

  it("are what the kernel says they are", () => {
    const shown = begin().denials;
    assert.equal(shown?.ranges, 2);
    agent.datapath.setDenied(tableOf("UDP", 53, 53));
    const other = agent.reconcile({ kind: "leave" }).denials;
    assert.notEqual(other?.digest, shown?.digest);
    agent.datapath.setDenied(undefined);
    assert.deepEqual(agent.reconcile({ kind: "leave" }).denials, other, "not known is not none");
    agent.datapath.setDenied(RULES);
    assert.deepEqual(agent.reconcile({ kind: "leave" }).denials, shown);
  });

  const eth0In = (pod: string): number => Number(nodes.inPod(pod, "ip -o link show eth0").split(":")[0]);
  const indexOf = (name: string): number => Number(nodes.inNode(1, `ip -o link show ${name}`).split(":")[0]);
});
