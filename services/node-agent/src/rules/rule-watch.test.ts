import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dump } from "@hostrouting/netfilter";
import { createLogger, systemClock } from "@hostrouting/runtime";
import { watchRules, type RuleWatch } from "./rule-watch.ts";

const logger = createLogger("test", "silent");
const save = (rule: string): Dump[] => [{ source: "iptables-nft-save", text: `*filter\n:FORWARD ACCEPT [0:0]\n${rule}COMMIT\n` }];
const CLEAN = save("");
const DIRTY = save("-A FORWARD -s 192.0.2.1/32 -j DROP\n");

/** A watch of a node whose rules and notices are the test's. `changed` resolves with what the next different scan found. */
function watchOf(read: () => Promise<readonly Dump[]>): {
  watch: RuleWatch;
  notice: () => void;
  changed: () => Promise<string | undefined>;
} {
  let next = Promise.withResolvers<void>();
  let tell = (_writer: string | undefined): void => undefined;
  const watch = watchRules({
    logger,
    clock: systemClock,
    read,
    onChange: () => next.resolve(),
    follow: (onChange) => {
      tell = onChange;
      return { stop: () => undefined };
    },
  });
  return {
    watch,
    notice: () => tell("1 (iptables-nft)"),
    changed: async () => {
      await next.promise;
      next = Promise.withResolvers();
      return watch.current()?.verdict.state;
    },
  };
}

test("tells of the first scan, and knows nothing before it", async () => {
  const dumps = Promise.withResolvers<Dump[]>();
  const { watch, changed } = watchOf(() => dumps.promise);
  assert.equal(watch.current(), undefined);
  dumps.resolve(CLEAN);
  assert.equal(await changed(), "Clean");
  await watch.stop();
});

test("a notice of a change is followed by a scan, also one that comes in the middle of a scan", async () => {
  let rules = CLEAN;
  const slow = Promise.withResolvers<void>();
  let scans = 0;
  const { watch, notice, changed } = watchOf(async () => {
    const seen = rules;
    if (++scans === 2) await slow.promise;
    return seen;
  });
  assert.equal(await changed(), "Clean");
  rules = DIRTY;
  notice();
  const dirty = changed();
  slow.resolve();
  assert.equal(await dirty, "Dirty");
  rules = CLEAN;
  notice();
  assert.equal(await changed(), "Clean");
  await watch.stop();
});

test("a scan that fails leaves what was known", async () => {
  const { watch } = watchOf(() => Promise.reject(new Error("no")));
  await watch.stop();
  assert.equal(watch.current(), undefined);
});
