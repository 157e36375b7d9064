import { createHash } from "node:crypto";
import { networkInterfaces } from "node:os";
import { watchPacketFilter, type PacketFilterChange } from "@hostrouting/bpf-loader";
import { explain, visibleText } from "@hostrouting/domain";
import {
  defaultAllowList,
  judgeWholeScan,
  loadAllowList,
  nodeImageOf,
  type Dump,
  type NodeImage,
  type ScanOptions,
  type ScanVerdict,
  type SeenRules,
} from "@hostrouting/netfilter";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { Precondition } from "../preconditions/judge-preconditions.ts";
import { attributed, NOBODY_KNOWN, withChange, withWriters, type Attribution, type Touched, type WrittenVerdict } from "./changed-by.ts";
import { platformRules, type PlatformRules } from "./platform-rules.ts";
import { isCalm, nextScanAt, withNotice, type EndedScan, type Waiting } from "./scan-pace.ts";
import { withVerdict, type RuleNews } from "./rule-news.ts";
import { rulesPrecondition } from "./rules-precondition.ts";

/** What a scan found, what it says about switching the node on, and about switching it off. */
export type RuleScan = {
  readonly verdict: WrittenVerdict;
  readonly precondition: Precondition;
  readonly platform: PlatformRules;
  readonly image: ScannedImage;
};

/** The node's image as the scan knew it: nobody has read the node's label yet, or it names no image that is known. */
export type ScannedImage = NodeImage | "NotRead" | "Unknown";

/** Follows the packet filter rules of this node. `current` is undefined until the first scan has ended; `news` is what Events tell. */
export type RuleWatch = {
  current(): RuleScan | undefined;
  news(): readonly RuleNews[];
  /** When the last scan that ended began (performance.now()), and what it found; undefined before the first. */
  lastScan(): LastScan | undefined;
  /** Scans soon: something may have been written of which nobody tells. */
  look(): void;
  /** Scans at once, or right after the scan that runs: somebody waits for what it finds. */
  lookNow(): void;
  stop(): Promise<void>;
};

/** `startedAt`: what was written before is in it. */
export type LastScan = { readonly startedAt: number; readonly clean: boolean };

/** Where rules are read: those of nf_tables, whose changes are told, and all others, of which nobody tells. */
export type RuleReaders = { readonly told: () => Promise<readonly Dump[]>; readonly silent: () => Promise<readonly Dump[]> };

/** `onChange` is called after every scan that found something else. `follow` answers how the following is ended. */
export type RuleWatchOptions = {
  logger: Logger;
  clock: Clock;
  onChange: () => void;
  /** The label with the node's image; undefined as long as it has not been read, empty where there is none. */
  nodeImage: () => string | undefined;
  readers: RuleReaders;
  follow?: (onChange: (change: PacketFilterChange) => void) => () => void;
};

/** How long a rule that nobody tells of stays unseen. */
const POLL_MS = 60_000;
/** Everything is read anew after so many polls: five minutes, in case that a notice was lost without a trace. */
const POLLS_PER_SCAN = 5;

/** Scans at once, soon after every change of nf_tables, after a change that a poll found, and every five minutes; one scan at a time. */
export function watchRules(options: RuleWatchOptions): RuleWatch {
  const { logger, readers, follow = watchPacketFilter } = options;
  const scans = new RuleScans(options);
  let working: Promise<void> | undefined;
  let due: NodeJS.Timeout | undefined;
  let waiting: Waiting = {};
  let polls = 0;
  let stopped = false;

  const start = (work: () => Promise<void>): void => {
    working ??= work()
      .catch((error: unknown) => logger.warn({ cause: explain(error) }, "packet filter rules of this node cannot be judged"))
      .finally(() => {
        working = undefined;
        setTimer();
      });
  };
  const scan = (): void => {
    clearTimeout(due);
    // a poll, which reads not all: what waits goes on waiting, and its end sets the timer anew
    if (working !== undefined) return;
    waiting = {};
    start(() => scans.scan());
  };
  /** A scan that runs may have read before what waits was written, so another follows it. */
  const setTimer = (): void => {
    const at = nextScanAt(waiting, scans.ended);
    clearTimeout(due);
    if (at !== undefined && working === undefined && !stopped) due = setTimeout(scan, Math.max(0, at - performance.now()));
  };
  const poll = async (): Promise<void> => {
    const isDue = ++polls % POLLS_PER_SCAN === 0 || stopFollowing === undefined || scans.hasUnread();
    const silent = isDue ? undefined : await readers.silent();
    if (silent === undefined || scans.differs(silent)) await scans.scan();
  };
  const scanSoon = (change?: PacketFilterChange): void => {
    if (change) scans.note(change);
    waiting = withNotice(waiting, performance.now(), change === undefined || !isCalm(change));
    setTimer();
  };
  const scanNow = (): void => void (working ?? Promise.resolve()).then(() => (stopped ? undefined : scan()));
  const stopFollowing = followed(logger, () => follow(scanSoon));
  const timer = setInterval(() => start(poll), POLL_MS);
  start(() => scans.scan());
  return {
    current: () => scans.current,
    news: () => scans.news,
    lastScan: () => scans.last,
    look: () => scanSoon(),
    lookNow: scanNow,
    async stop() {
      stopped = true;
      clearInterval(timer);
      clearTimeout(due);
      stopFollowing?.();
      await working;
    },
  };
}

/** Undefined: changes cannot be followed, and every poll is a scan. */
function followed(logger: Logger, follow: () => () => void): (() => void) | undefined {
  try {
    return follow();
  } catch (error) {
    logger.warn({ cause: explain(error) }, "changes of nf_tables cannot be followed, rules are scanned every minute");
    return undefined;
  }
}

/** Scans and what the last one found. */
class RuleScans {
  readonly #options: RuleWatchOptions;
  readonly #allowList = loadAllowList(defaultAllowList);
  current: RuleScan | undefined;
  last: LastScan | undefined;
  news: readonly RuleNews[] = [];
  #attribution: Attribution = NOBODY_KNOWN;
  #touched: Touched = new Map();
  #silent = "";
  #seen: SeenRules = new Set();
  /** The last scan that ended, for the pace of the next. */
  ended: EndedScan | undefined;

  constructor(options: RuleWatchOptions) {
    this.#options = options;
  }

  note(change: PacketFilterChange): void {
    this.#touched = withChange(this.#touched, change);
  }

  /** Whether some tool could not be asked, or was not understood. */
  hasUnread(): boolean {
    return (this.current?.verdict.unread.length ?? 1) > 0;
  }

  differs(silent: readonly Dump[]): boolean {
    return signatureOf(silent) !== this.#silent;
  }

  async scan(): Promise<void> {
    const { readers } = this.#options;
    const startedAt = performance.now();
    const touched = this.#touched;
    this.#touched = new Map();
    const [told, silent] = await Promise.all([readers.told(), readers.silent()]);
    this.#silent = signatureOf(silent);
    const image = scannedImage(this.#options.nodeImage());
    const { verdict, rules } = judgeWholeScan([...told, ...silent], this.#allowList, { ...optionsFor(image), seenBefore: this.#seen });
    this.#seen = new Set([...this.#seen, ...verdict.seen]);
    const platform = platformRules(rules, ownAddresses());
    const endedAt = performance.now();
    this.ended = { endedAt, tookMs: endedAt - startedAt };
    this.last = { startedAt, clean: verdict.state === "Clean" };
    this.#take({ verdict, platform, image }, touched);
  }

  #take(
    { verdict: found, platform, image }: Omit<RuleScan, "precondition" | "verdict"> & { verdict: ScanVerdict },
    touched: Touched,
  ): void {
    const { logger, clock, onChange } = this.#options;
    this.#attribution = attributed(this.#attribution, found.findings, touched);
    const verdict: WrittenVerdict = { ...found, findings: withWriters(found.findings, this.#attribution) };
    const before = this.current?.verdict;
    const isNews = found.digest !== before?.digest || found.state !== before.state;
    const told = [before?.findings, before?.missing, this.current?.platform, this.current?.image];
    if (!isNews && isSame(told, [verdict.findings, verdict.missing, platform, image])) return;
    if (!isSame(before?.missing ?? [], verdict.missing ?? []))
      logger.warn({ missing: verdict.missing }, "packet filter rules of the node's own");
    this.current = { verdict, precondition: rulesPrecondition(verdict), platform, image };
    if (isNews) {
      this.news = withVerdict(this.news, verdict, clock.now());
      logger[found.state === "Clean" ? "info" : "warn"](shortened(verdict), "packet filter rules of this node");
    }
    onChange();
  }
}

function scannedImage(label: string | undefined): ScannedImage {
  return label === undefined ? "NotRead" : (nodeImageOf(label) ?? "Unknown");
}

/** Of an image that is not known, rules of every image are the node's own, and none is expected. */
function optionsFor(image: ScannedImage): ScanOptions {
  return typeof image === "string" ? {} : { nodeImage: image.version, expectedOwners: image.owners };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

/** For the log. */
function shortened({ state, findings, omitted, unread }: WrittenVerdict): object {
  const [first] = findings;
  return {
    state,
    findings: findings.length + omitted,
    ...(first && { first: visibleText(first.rule), changedBy: first.changedBy }),
    unread,
  };
}

/** Texts without what changes by itself: counters, and the times in remarks. */
function signatureOf(dumps: readonly Dump[]): string {
  const hash = createHash("sha256");
  for (const dump of dumps)
    hash.update(JSON.stringify("failed" in dump ? dump : { ...dump, text: dump.text.replaceAll(/^#.*$|\[\d+:\d+\]/gm, "") }));
  return hash.digest("hex");
}
