import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import type { PacketFilterChange } from "@hostrouting/bpf-loader";
import type { Dump } from "@hostrouting/netfilter";
import { createLogger, systemClock } from "@hostrouting/runtime";
import { watchRules, type RuleWatch, type RuleWatchOptions } from "./rule-watch.ts";

const logger = createLogger("test", "silent");
const save = (rule: string, source: "iptables-nft-save" | "iptables-legacy-save" = "iptables-nft-save"): Dump[] => [
  {
    source,
    text: `# Generated on ${Math.random()}\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [${Math.floor(Math.random() * 100)}:0]\n${rule}COMMIT\n`,
  },
];
const DROP = "-A FORWARD -s 192.0.2.1/32 -j DROP\n";
const changeOf = (name: string): PacketFilterChange => ({
  writer: { pid: 7, name },
  places: [{ kind: "rule", family: "ip", table: "filter", chain: "FORWARD" }],
  lost: false,
});
const IMAGE = "AKSUbuntu-2404gen2containerd-202610.12.0";
const WIRESERVER = ["80", "32526"].map((port) => `-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport ${port} -j DROP\n`).join("");
const DHCP = "-A INPUT -p udp -m udp --dport 68 -j ACCEPT\n";
const MINUTE_MS = 60_000;

type Node = {
  watch: RuleWatch;
  /** Scans and polls so far. */
  reads: { told: number; silent: number };
  notice: (change?: PacketFilterChange) => void;
  /** Resolves with what the next different scan found. */
  changed: () => Promise<string | undefined>;
};

/** A watch of a node whose rules and notices are the test's. */
function watchOf(
  told: () => Promise<readonly Dump[]>,
  silent: () => Promise<readonly Dump[]> = async () => [],
  more: Partial<RuleWatchOptions> = {},
): Node {
  let next = Promise.withResolvers<void>();
  let tell = (_change: PacketFilterChange): void => undefined;
  const reads = { told: 0, silent: 0 };
  const watch = watchRules({
    logger,
    clock: systemClock,
    nodeImage: () => IMAGE,
    readers: { told: () => (reads.told++, told()), silent: () => (reads.silent++, silent()) },
    onChange: () => next.resolve(),
    follow: (onChange) => {
      tell = onChange;
      return () => undefined;
    },
    ...more,
  });
  return {
    watch,
    reads,
    notice: (change = changeOf("iptables-nft")) => tell(change),
    changed: async () => {
      await next.promise;
      next = Promise.withResolvers();
      return watch.current()?.verdict.state;
    },
  };
}

/** Time that the test moves: minutes of it pass at once, and what was begun in them ends. */
function frozenTime(t: TestContext): (minutes: number) => Promise<void> {
  mock.timers.enable({ apis: ["setInterval"] });
  t.after(() => mock.timers.reset());
  return async (minutes) => {
    for (let count = 0; count < minutes; count += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(MINUTE_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

test("tells of the first scan, and knows nothing before it", async () => {
  const dumps = Promise.withResolvers<Dump[]>();
  const { watch, changed } = watchOf(() => dumps.promise);
  assert.equal(watch.current(), undefined);
  dumps.resolve(save(""));
  assert.equal(await changed(), "Clean");
  await watch.stop();
});

test("a notice of a change is followed by a scan, also one that comes in the middle of a scan", async () => {
  let rules = save("");
  const slow = Promise.withResolvers<void>();
  let scans = 0;
  const { watch, notice, changed } = watchOf(async () => {
    const seen = rules;
    if (++scans === 2) await slow.promise;
    return seen;
  });
  assert.equal(await changed(), "Clean");
  rules = save(DROP);
  notice();
  const dirty = changed();
  slow.resolve();
  assert.equal(await dirty, "Dirty");
  rules = save("");
  notice();
  assert.equal(await changed(), "Clean");
  await watch.stop();
});

test("a finding names who changed its chain just before it was found, and keeps that name", async () => {
  let rules = save("");
  const { watch, notice, changed } = watchOf(async () => rules);
  await changed();
  rules = save(DROP);
  notice(changeOf("ip\u001btables"));
  await changed();
  const writers = (): (string | undefined)[] => (watch.current()?.verdict.findings ?? []).map(({ changedBy }) => changedBy);
  assert.deepEqual(writers(), ["ip\\u{1b}tables (process 7)"]);
  assert.match(watch.current()?.precondition.message ?? "", /last changed by ip\\u\{1b\}tables \(process 7\)\)/);
  rules = save(`${DROP}-A FORWARD -s 192.0.2.2/32 -j DROP\n`);
  notice(changeOf("other"));
  await changed();
  assert.deepEqual(writers(), ["ip\\u{1b}tables (process 7)", "other (process 7)"]);
  await watch.stop();
});

test("a rule of the node's own that is gone is missed from then on, also one that not every node has", async () => {
  let rules = save(WIRESERVER + DHCP);
  const { watch, notice, changed } = watchOf(async () => rules);
  await changed();
  const missing = (): (string | undefined)[] => (watch.current()?.verdict.missing ?? []).map(({ entry }) => entry);
  assert.deepEqual(missing(), []);
  rules = save(WIRESERVER);
  notice();
  assert.equal(await changed(), "Clean");
  assert.deepEqual(missing(), ["dhcp-client"]);
  rules = save(WIRESERVER + DHCP);
  notice();
  await changed();
  assert.deepEqual(missing(), []);
  await watch.stop();
});

test("what every image writes is missed on a node that never had it, and on none whose image is not known", async () => {
  for (const [label, missed] of [
    [IMAGE, 2],
    ["", 0],
    ["mine-1", 0],
    [undefined, 0],
  ] as const) {
    const { watch, changed } = watchOf(async () => save(""), undefined, { nodeImage: () => label });
    await changed();
    assert.equal(watch.current()?.verdict.missing?.length, missed, label);
    await watch.stop();
  }
});

test("rules that nobody tells of are polled each minute, and everything is scanned when they change", async (t) => {
  const pass = frozenTime(t);
  let legacy = save("", "iptables-legacy-save");
  const { watch, reads, changed } = watchOf(
    async () => save(""),
    async () => legacy.map((dump) => ("text" in dump ? { ...dump, text: dump.text.replace(/# .*/, `# ${Math.random()}`) } : dump)),
  );
  assert.equal(await changed(), "Clean");
  await pass(2);
  assert.deepEqual(reads, { told: 1, silent: 3 });
  legacy = save(DROP, "iptables-legacy-save");
  await pass(1);
  assert.equal(await changed(), "Dirty");
  await watch.stop();
});

test("everything is scanned every five minutes, though nothing is told", async (t) => {
  const pass = frozenTime(t);
  const { watch, reads, changed } = watchOf(async () => save(""));
  await changed();
  await pass(4);
  assert.equal(reads.told, 1);
  await pass(1);
  assert.equal(reads.told, 2);
  await watch.stop();
});

test("where changes cannot be followed, or a tool failed, every poll is a scan", async (t) => {
  const pass = frozenTime(t);
  const deaf = watchOf(async () => save(""), undefined, {
    follow: () => {
      throw new Error("EPERM");
    },
  });
  let answer: Dump[] = [{ source: "nft-json", failed: "nft did not end within 10 s" }];
  const failing = watchOf(async () => answer);
  assert.deepEqual([await deaf.changed(), await failing.changed()], ["Clean", "Unknown"]);
  answer = save("");
  await pass(1);
  assert.deepEqual([deaf.reads.told, await failing.changed()], [2, "Clean"]);
  await Promise.all([deaf.watch.stop(), failing.watch.stop()]);
});

test("a scan that fails leaves what was known", async () => {
  const { watch } = watchOf(() => Promise.reject(new Error("no")));
  await watch.stop();
  assert.equal(watch.current(), undefined);
});

test("somebody who waits for a scan gets one that began after he asked, without the rest between scans", async () => {
  const first = Promise.withResolvers<void>();
  let scans = 0;
  const { watch } = watchOf(async () => {
    if (++scans === 1) await first.promise;
    return save("");
  });
  assert.equal(watch.lastScan(), undefined);
  const askedAt = performance.now();
  watch.lookNow();
  first.resolve();
  const ended = Promise.withResolvers<void>();
  const timer = setInterval(() => (watch.lastScan()?.startedAt ?? 0) >= askedAt && ended.resolve(), 1);
  await ended.promise;
  clearInterval(timer);
  assert.equal(watch.lastScan()?.clean, true);
  assert.equal(scans, 2);
  await watch.stop();
});

test("a notice whose scan falls due in the middle of a poll is not forgotten", async (t) => {
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  t.after(() => mock.timers.reset());
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const polled = Promise.withResolvers<Dump[]>();
  let silents = 0;
  const { watch, reads, notice, changed } = watchOf(
    async () => save(""),
    () => (++silents === 2 ? polled.promise : Promise.resolve([])),
  );
  await changed();
  mock.timers.tick(MINUTE_MS - 300);
  await turn();
  notice(); // its scan is due in half a second
  mock.timers.tick(300); // the poll begins
  await turn();
  assert.deepEqual(reads, { told: 1, silent: 2 });
  mock.timers.tick(300); // the scan is due
  await turn();
  polled.resolve([]);
  await turn();
  mock.timers.tick(10_000);
  await turn();
  assert.equal(reads.told, 2);
  await watch.stop();
});
