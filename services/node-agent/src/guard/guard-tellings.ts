import { visibleText } from "@hostrouting/domain";
import { suppressedTelling } from "../events/decide-events.ts";
import type { Regarding, Telling } from "../events/telling.ts";
import type { Attempt, Reason, Verdict } from "./guard-layout.ts";
import { describeMessage } from "./nft-message.ts";

/** Whose process it was: a pod that is known, or what is left of it in the name of its cgroup. `container`: its whole id, when it is one's. */
export type Origin = {
  readonly pod: (Regarding & { kind: "Pod" }) | undefined;
  readonly cgroup: string;
  readonly container?: string | undefined;
};

/** Attempts that are alike: the same writer, the same thing to write, the same verdict. */
type Kept = { readonly telling: Omit<Telling, "count">; count: number; handedOut: number; lastMs: number };

/** Attempts without a permit since this process began, as far as they were told of. */
export type AttemptTotal = { readonly verdict: Verdict; readonly why: Reason; readonly count: number };

/** Alike ones that are kept to be told. */
const KEPT_MAX = 500;
/** One that was not repeated for so long is not told any more; its Event is an hour's matter. */
const KEPT_MS = 60 * 60_000;
/** As `crictl ps` shows them, which takes them so too. */
const CONTAINER_DIGITS = 13;

/** What the writer lacked, in a sentence's end. */
const WHY: Readonly<Record<Reason, string>> = {
  Permitted: "is permitted",
  UnknownWriter: "is not among the cluster's own writers",
  KnownWriter: "is not among the cluster's own writers",
  Executable: "may write with its own program only",
  Scope: "may write its own chains only",
  Unreadable: "sent a batch that cannot be read",
};

/** Collects attempts for Events: one for the pod, if there is one, and one for the node. Permitted ones are nobody's news. */
export class GuardTellings {
  readonly #kept = new Map<string, Kept>();
  readonly #totals = new Map<string, AttemptTotal>();
  readonly #origin: (attempt: Attempt) => Origin;
  readonly #now: () => number;
  /** What nobody was handed: it had to leave before, or the kernel had no room to tell of it. */
  #untold = 0;

  constructor(origin: (attempt: Attempt) => Origin, now: () => number) {
    this.#origin = origin;
    this.#now = now;
  }

  /** One for each verdict and reason that there was. */
  totals(): readonly AttemptTotal[] {
    return [...this.#totals.values()];
  }

  #count({ verdict, why }: Attempt): void {
    const key = `${verdict} ${why}`;
    this.#totals.set(key, { verdict, why, count: (this.#totals.get(key)?.count ?? 0) + 1 });
  }

  add(attempt: Attempt): void {
    if (attempt.verdict === "Permitted") return;
    this.#count(attempt);
    const origin = this.#origin(attempt);
    const note = noteOf(attempt, origin);
    const key = [attempt.kind, attempt.executableName, origin.cgroup, wordsOf(attempt)].join("|");
    const reason = attempt.verdict === "Denied" ? "BlockedIPTablesRule" : "AuditedIPTablesRule";
    const about = (regarding: Regarding | undefined): void => {
      if (regarding) this.#keep(`${reason}|${regarding.uid}|${key}`, { reason, regarding, key, note });
    };
    about(origin.pod);
    about(NODE);
  }

  /** Attempts that the kernel has counted and did not find room to tell of. */
  addLost(count: number): void {
    this.#untold += count;
  }

  /** Everything there is to tell; the node is the one that Events are about which are about no pod. */
  all(node: Regarding): Telling[] {
    const since = this.#now() - KEPT_MS;
    for (const [id, kept] of this.#kept) if (kept.lastMs < since) this.#kept.delete(id);
    const tellings = [...this.#kept.values()].map((kept) => {
      kept.handedOut = kept.count;
      const { telling, count } = kept;
      return { ...telling, regarding: telling.regarding === NODE ? node : telling.regarding, count };
    });
    return this.#untold > 0 ? [...tellings, suppressedTelling(node, this.#untold)] : tellings;
  }

  #keep(id: string, telling: Omit<Telling, "count">): void {
    const kept = this.#kept.get(id);
    if (!kept && this.#kept.size >= KEPT_MAX) {
      const [oldest] = this.#kept;
      if (oldest !== undefined) this.#drop(...oldest);
    }
    this.#kept.set(id, {
      telling: kept?.telling ?? telling,
      count: (kept?.count ?? 0) + 1,
      handedOut: kept?.handedOut ?? 0,
      lastMs: this.#now(),
    });
  }

  #drop(id: string, { count, handedOut }: Kept): void {
    this.#untold += count - handedOut;
    this.#kept.delete(id);
  }
}

/** Stands for the node until it is known. */
const NODE: Regarding = { kind: "Node", name: "", uid: "" };

function wordsOf({ kind, messageType, message }: Attempt): string {
  const { family, table, chain, rule } = describeMessage(kind, messageType, message);
  return [`${family} ${table} ${chain}`.trim().replaceAll(/ +/g, " "), rule].filter((part) => part !== "").join(": ");
}

/** `xtables-nft-multi (iptables), pid 1234, started by sh, in pod shop/cart, container 0123…, wanted to write ip filter FORWARD: drop. It is not among …` */
function noteOf(attempt: Attempt, { pod, cgroup, container }: Origin): string {
  const { executableName, command, pid, parentCommand, why } = attempt;
  const program = executableName === "" || executableName === command ? command : `${executableName} (${command})`;
  const within = container === undefined ? `cgroup ${cgroup}` : `container ${container.slice(0, CONTAINER_DIGITS)}`;
  const where = pod ? `pod ${pod.namespace}/${pod.name}, ${within}` : within;
  // nf_tables names the process alone, and nobody saw it send
  if (!pod && cgroup === "")
    return visibleText(
      `${program}, pid ${pid}, wrote ${wordsOf(attempt)}. It is not known whether that is one of the cluster's own writers.`,
    );
  return visibleText(
    `${program}, pid ${pid}, started by ${parentCommand}, in ${where}, wanted to write ${wordsOf(attempt)}. It ${WHY[why]}.`,
  );
}
