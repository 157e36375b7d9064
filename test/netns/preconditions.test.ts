import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Precondition } from "../../services/node-agent/src/preconditions/judge-preconditions.ts";
import { TwoNodes } from "./two-nodes.ts";

const MODULES = path.join(import.meta.dirname, "../../services/node-agent/src/preconditions");
/** What an agent does, as a process of its own: its children have to be in the node's namespace too. */
const LOOK = `
  import { judgePreconditions } from "${MODULES}/judge-preconditions.ts";
  import { readNodeState } from "${MODULES}/read-node-state.ts";
  console.log(JSON.stringify(judgePreconditions(await readNodeState())));`;
const LOOK_TIMEOUT_MS = 30_000;

describe("preconditions of a real node", () => {
  let nodes: TwoNodes;

  before(() => {
    nodes = new TwoNodes();
  });
  after(() => nodes.close());

  const broken = (): string[] => {
    const command = [`--net=${nodes.netns("n1")}`, process.execPath, "--input-type=module-typescript", "-e", LOOK];
    const said = execFileSync("nsenter", command, { encoding: "utf8", timeout: LOOK_TIMEOUT_MS, cwd: MODULES });
    return (JSON.parse(said) as Precondition[])
      .filter(({ outcome }) => outcome !== "Passed")
      .map(({ name, outcome }) => `${name} ${outcome}`);
  };

  it("all hold on a node as AKS makes it", () => assert.deepEqual(broken(), []));

  const changes = [
    {
      name: "LoosePickup",
      make: "sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0",
      undo: "sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1",
    },
    {
      name: "ConntrackZones",
      make: "iptables -t raw -A PREROUTING -i lb -j CT --zone 7",
      undo: "iptables -t raw -D PREROUTING -i lb -j CT --zone 7",
    },
    {
      name: "PolicyChains",
      make: "ip6tables -N cali-FORWARD; ip6tables -A cali-FORWARD -j RETURN",
      undo: "ip6tables -F cali-FORWARD; ip6tables -X cali-FORWARD",
    },
    { name: "ForwardPolicy", make: "iptables -P FORWARD DROP", undo: "iptables -P FORWARD ACCEPT" },
  ];
  for (const { name, make, undo } of changes)
    it(`${name} is named when it fails, and only it`, () => {
      nodes.inNode(1, make);
      assert.deepEqual(broken(), [`${name} Failed`]);
      nodes.inNode(1, undo);
      assert.deepEqual(broken(), []);
    });

  it("ConntrackZones is named for a flow in a zone, whoever put it there", () => {
    nodes.inNode(1, "nft add table inet zones; nft add chain inet zones out { type filter hook output priority -300 \\; }");
    nodes.inNode(1, "nft add rule inet zones out ip daddr 10.201.1.3 ct zone set 9");
    nodes.inNode(1, `bash -c "echo x > /dev/udp/10.201.1.3/9"`);
    assert.deepEqual(broken(), ["ConntrackZones Failed"]);
    nodes.inNode(1, "nft delete table inet zones; conntrack -F 2>/dev/null || true");
  });
});
