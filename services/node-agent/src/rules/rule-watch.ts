import { explain } from "@hostrouting/domain";
import { defaultAllowList, judgeScan, loadAllowList, type Dump, type ScanVerdict } from "@hostrouting/netfilter";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { Precondition } from "../preconditions/judge-preconditions.ts";
import { readRuleDumps } from "./read-rule-dumps.ts";
import { followRuleChanges, type RuleChanges } from "./rule-changes.ts";
import { withVerdict, type RuleNews } from "./rule-news.ts";
import { rulesPrecondition } from "./rules-precondition.ts";

/** What a scan found, and what it says about switching the node on. */
export type RuleScan = { readonly verdict: ScanVerdict; readonly precondition: Precondition };

/** Follows the packet filter rules of this node. `current` is undefined until the first scan has ended; `news` is what Events tell. */
export type RuleWatch = { current(): RuleScan | undefined; news(): readonly RuleNews[]; stop(): Promise<void> };

/** `onChange` is called after every scan that found something else. `read` and `follow` are the node's own. */
export type RuleWatchOptions = {
  logger: Logger;
  clock: Clock;
  onChange: () => void;
  read?: () => Promise<readonly Dump[]>;
  follow?: (onChange: (writer: string | undefined) => void) => RuleChanges;
};

/** The older backend sends no notices, and one may be lost: a minute is the longest that a rule stays unseen. */
const SCAN_MS = 60_000;
/** kube-proxy writes many small changes one after the other; a scan shows all of them, half a second after the first. */
const SETTLE_MS = 500;
/** Scans use a tenth of a processor at most. */
const REST_PER_SCAN = 9;

/** Scans at once, after every change of nf_tables, and every minute; one scan at a time. */
export function watchRules({ logger, clock, onChange, read = readRuleDumps, follow }: RuleWatchOptions): RuleWatch {
  const allowList = loadAllowList(defaultAllowList);
  let current: RuleScan | undefined;
  let news: readonly RuleNews[] = [];
  let scanning: Promise<void> | undefined;
  let due: NodeJS.Timeout | undefined;
  let restUntil = 0;
  let writer: string | undefined;
  let stopped = false;

  const scan = async (): Promise<void> => {
    const startedAt = performance.now();
    const found = judgeScan(await read(), allowList);
    restUntil = performance.now() + REST_PER_SCAN * (performance.now() - startedAt);
    if (found.digest === current?.verdict.digest && found.state === current.verdict.state) return;
    current = { verdict: found, precondition: rulesPrecondition(found) };
    news = withVerdict(news, found, clock.now());
    const [first] = found.findings;
    logger[found.state === "Clean" ? "info" : "warn"](
      { state: found.state, findings: found.findings.length + found.omitted, first: first?.rule, lastWriter: writer, unread: found.unread },
      "packet filter rules of this node",
    );
    onChange();
  };
  const start = (): void => {
    due = undefined;
    scanning ??= scan()
      .catch((error: unknown) => logger.warn({ cause: explain(error) }, "packet filter rules of this node cannot be judged"))
      .finally(() => (scanning = undefined));
  };
  /** One that runs may have read before the change, so another follows it. */
  const startSoon = (by: string | undefined): void => {
    writer = by;
    if (stopped || due !== undefined) return;
    const begin = (): void => void (scanning ?? Promise.resolve()).then(() => (stopped ? undefined : start()));
    due = setTimeout(begin, Math.max(SETTLE_MS, restUntil - performance.now()));
  };
  const changes = (follow ?? ((tell) => followRuleChanges({ logger, onChange: tell })))(startSoon);
  const timer = setInterval(start, SCAN_MS);
  start();
  return {
    current: () => current,
    news: () => news,
    async stop() {
      stopped = true;
      clearInterval(timer);
      clearTimeout(due);
      changes.stop();
      await scanning;
    },
  };
}
