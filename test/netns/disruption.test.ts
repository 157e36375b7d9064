import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { NetworkNamespace } from "@hostrouting/bpf-loader";
import { DisruptionCounters } from "../../services/node-agent/src/disruption/disruption-counters.ts";
import { noEndings, stepOf, type EndingCounts, type Step } from "../../services/node-agent/src/disruption/disruption-layout.ts";
import type { Ending } from "./connection-endings.ts";
import { mountPins } from "./loader/compiled-object.ts";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/disruption.bpf.o");
const SCRIPT = path.join(import.meta.dirname, "connection-endings.ts");
const TIMEOUT_MS = 30_000;

/** Both ends of each connection are in the same namespace, so every connection opens twice and ends twice. */
const CASES: [ending: Ending, counted: Partial<EndingCounts>][] = [
  ["close", { opened: 2, closed: 2 }],
  ["reset", { opened: 2, closed: 1, reset: 1, resets_sent: 1, resets_received: 1 }],
  ["refused", { connect_failure: 1, resets_received: 1 }],
  ["blackhole", { opened: 2, timeout: 2 }],
  ["unanswered", { connect_failure: 1 }],
  ["cancelled", { abandoned: 1 }],
];

describe("how connections end", () => {
  const pins = mountPins();
  const folder = `${pins.folder}/disruption`;
  const namespaces: string[] = [];
  let counters: DisruptionCounters;
  before(() => {
    counters = DisruptionCounters.open(folder, OBJECT);
  });
  after(() => {
    counters.end();
    for (const name of namespaces) run("ip", ["netns", "del", name]);
    pins.remove();
  });

  const namespace = (): { cookie: bigint; end(ending: Ending): void } => {
    const name = `hd${randomBytes(3).toString("hex")}`;
    const file = `/run/netns/${name}`;
    run("ip", ["netns", "add", name]);
    namespaces.push(name);
    run("ip", ["-n", name, "link", "set", "lo", "up"]);
    const end = (ending: Ending): void => run("nsenter", [`--net=${file}`, process.execPath, SCRIPT, ending]);
    const opened = NetworkNamespace.openNamed(file);
    const { cookie } = opened;
    opened.close();
    return { cookie, end };
  };
  const begin = (number: number, step: Step): void =>
    counters.setState({ number, step, sinceNs: 0n, flows: 0, beforeCount: 0, beforeNs: 0n });
  const counted = (netns: bigint): { number: number; step: Step; counts: EndingCounts }[] =>
    counters
      .read()
      .filter((entry) => entry.netns === netns)
      .map(({ epoch, counts }) => ({ ...stepOf(epoch), counts: { ...counts, retransmits: 0 } }));

  for (const [ending, expected] of CASES)
    it(`${ending} is counted for what it is, in its namespace and no other`, () => {
      const [here, elsewhere] = [namespace(), namespace()];
      begin(1, "On");
      here.end(ending);
      assert.deepEqual(counted(here.cookie), [{ number: 1, step: "On", counts: { ...noEndings(), ...expected } }]);
      assert.deepEqual(counted(elsewhere.cookie), []);
    });

  it("segments sent again are counted where they were lost", () => {
    const here = namespace();
    here.end("unanswered");
    const [entry] = counters.read().filter(({ netns }) => netns === here.cookie);
    assert.equal(entry?.counts.retransmits, 1);
  });

  it("each step has its own figures, and an earlier one can be forgotten", () => {
    const here = namespace();
    begin(2, "On");
    here.end("reset");
    begin(2, "Confirm");
    here.end("refused");
    assert.deepEqual(
      counted(here.cookie)
        .map(({ step, counts }) => ({ step, reset: counts.reset, connectFailure: counts.connect_failure }))
        .sort((a, b) => a.step.localeCompare(b.step)),
      [
        { step: "Confirm", reset: 0, connectFailure: 1 },
        { step: "On", reset: 1, connectFailure: 0 },
      ],
    );
    counters.forget((epoch) => stepOf(epoch).step === "On");
    assert.deepEqual(
      counted(here.cookie).map(({ step }) => step),
      ["Confirm"],
    );
  });

  it("figures and step outlive the process that asked for them", () => {
    const here = namespace();
    const state = { number: 3, step: "Drain", sinceNs: 5n, flows: 7, beforeCount: 1, beforeNs: 9n } as const;
    counters.setState(state);
    counters.close();
    here.end("reset");
    counters = DisruptionCounters.open(folder, OBJECT);
    assert.deepEqual(counters.state(), state);
    assert.equal(counted(here.cookie)[0]?.counts.reset, 1);
    assert.equal(counters.lost(), 0);
  });

  it("a half-made folder is made anew, and nothing is left in the end", () => {
    counters.close();
    run("rm", [`${folder}/on_reset_sent-link`]);
    counters = DisruptionCounters.open(folder, OBJECT);
    assert.deepEqual(stepOf(0), { number: counters.state().number, step: counters.state().step });
    counters.end();
    assert.equal(existsSync(folder), false);
    counters = DisruptionCounters.open(folder, OBJECT);
  });
});

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { timeout: TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"] });
}
