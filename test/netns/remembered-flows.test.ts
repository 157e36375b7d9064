import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { kernelPrefix } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { ADDRESS_CLASS, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { flowPacket, frame, ip, TCP_FLAG, turned, unreachable, type Flow, type Packet } from "./frames.ts";
import { ProgramRunner, u32, VERDICT, type Run } from "./program-runner.ts";

const FAMILIES = ["v4", "v6"] as const;
const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const B = { v4: "10.201.1.3", v6: "fd00:201:1::3" };
const C = { v4: "10.201.2.2", v6: "fd00:201:2::2" };
const SERVICE = { v4: "10.96.0.10", v6: "fd00:96::10" };
const WIDTH = { v4: 32, v6: 128 };

const flow = (from: string, to: string): Flow => ({ from, fromPort: 40_001, to, toPort: 443 });
const tcp = (between: Flow, tcpFlags: number, data = Buffer.alloc(0)): Packet => flowPacket(between, "tcp", { tcpFlags, data });
const ACK = TCP_FLAG.ack;
const FIN = TCP_FLAG.fin | TCP_FLAG.ack;
const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack;

describe("flows that are remembered", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
  });
  after(() => runner.close());
  beforeEach(() => runner.forget());

  const remembered = (): number => runner.datapath.maps.hr_flows.keys().length;
  /** Packets of a flow between pods a and b, each with its sender's turn. */
  const exchange = (between: Flow, steps: readonly (readonly ["a" | "b", number])[]): Run[] =>
    steps.map(([who, flags]) =>
      who === "a" ? runner.fromPod(frame(tcp(between, flags))) : runner.fromPod(frame(tcp(turned(between), flags)), "lb"),
    );
  const reasons = (runs: readonly Run[]): Reason[] => runs.map(({ reason }) => reason);

  for (const family of FAMILIES) {
    const local = flow(A[family], B[family]);
    const remote = flow(A[family], C[family]);
    const opened = [
      ["a", TCP_FLAG.syn],
      ["b", SYN_ACK],
      ["a", ACK],
    ] as const;
    const endings: [string, readonly (readonly ["a" | "b", number])[]][] = [
      [
        "one after the other",
        [
          ["a", FIN],
          ["b", FIN],
          ["a", ACK],
        ],
      ],
      [
        "at the same time",
        [
          ["a", FIN],
          ["b", FIN],
          ["a", ACK],
          ["b", ACK],
        ],
      ],
      [
        "with an end that is sent again",
        [
          ["a", FIN],
          ["b", FIN],
          ["a", ACK],
          ["b", FIN],
          ["a", ACK],
        ],
      ],
    ];
    for (const [how, ending] of endings)
      it(`${family}: one that both ends close ${how} is fast to its last word, and nothing is left of it`, () => {
        const runs = exchange(local, [...opened, ...ending]);
        assert.deepEqual(
          reasons(runs),
          runs.map(() => "FastLocal"),
        );
        assert.equal(remembered(), 0);
      });

    it(`${family}: data begins one, an acknowledgement does not`, () => {
      const ack = runner.fromPod(frame(tcp(local, ACK)));
      assert.deepEqual([ack.reason, remembered()], ["FastLocal", 0]);
      const data = runner.fromPod(frame(tcp(local, ACK, Buffer.from("x"))));
      assert.deepEqual([data.reason, remembered()], ["FastLocal", 1]);
    });

    it(`${family}: an error that quotes one goes by its own receiver's range`, () => {
      runner.fromPod(frame(tcp(remote, TCP_FLAG.syn)));
      const quoted = ip(tcp(turned(remote), ACK));
      assert.match(runner.fromPod(frame(unreachable(A[family], C[family], quoted))).reason, /^FastRemote/);
      assert.equal(runner.fromPod(frame(unreachable(A[family], SERVICE[family], quoted))).reason, "StackClass");
    });

    it(`${family}: of one between two pods of the node nothing comes in from the network`, () => {
      exchange(local, opened);
      const forged = runner.fromNet(frame(tcp(turned(local), TCP_FLAG.rst)));
      assert.deepEqual([forged.reason, forged.verdict, remembered()], ["StackClass", VERDICT.unspec, 1]);
    });

    it(`${family}: one outlives a change of its range, a new SYN on its ports does not`, () => {
      runner.fromPod(frame(tcp(remote, TCP_FLAG.syn)));
      const range = kernelPrefix(`${C[family]}/${WIDTH[family]}`);
      runner.datapath.maps.hr_ranges.update(range, u32(ADDRESS_CLASS.STACK));
      try {
        assert.match(runner.fromPod(frame(tcp(remote, ACK))).reason, /^FastRemote/);
        assert.equal(runner.fromPod(frame(tcp(remote, TCP_FLAG.syn))).reason, "StackClass");
        assert.equal(runner.fromPod(frame(tcp(remote, ACK))).reason, "StackClass");
      } finally {
        runner.datapath.maps.hr_ranges.delete(range);
      }
    });
  }
});
