import { visibleText } from "@hostrouting/domain";
import type { Regarding, Telling } from "../events/telling.ts";
import type { Attempt, Reason } from "./guard-layout.ts";
import { describeMessage } from "./nft-message.ts";

/** Whose process it was: a pod that is known, or what is left of it in the name of its cgroup. */
export type Origin = { readonly pod: (Regarding & { kind: "Pod" }) | undefined; readonly cgroup: string };

/** Attempts that are alike: the same writer, the same thing to write, the same verdict. */
type Kept = { readonly telling: Omit<Telling, "count">; count: number; lastMs: number };

/** Alike ones that are kept to be told. */
const KEPT_MAX = 500;
/** One that was not repeated for so long is not told any more; its Event is an hour's matter. */
const KEPT_MS = 60 * 60_000;

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
  readonly #origin: (attempt: Attempt) => Origin;
  readonly #now: () => number;

  constructor(origin: (attempt: Attempt) => Origin, now: () => number) {
    this.#origin = origin;
    this.#now = now;
  }

  add(attempt: Attempt): void {
    if (attempt.verdict === "Permitted") return;
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

  /** Everything there is to tell; the node is the one that Events are about which are about no pod. */
  all(node: Regarding): Telling[] {
    const since = this.#now() - KEPT_MS;
    for (const [id, kept] of this.#kept) if (kept.lastMs < since) this.#kept.delete(id);
    return [...this.#kept.values()].map(({ telling, count }) => ({
      ...telling,
      regarding: telling.regarding === NODE ? node : telling.regarding,
      count,
    }));
  }

  #keep(id: string, telling: Omit<Telling, "count">): void {
    const kept = this.#kept.get(id);
    if (!kept && this.#kept.size >= KEPT_MAX) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(id, { telling: kept?.telling ?? telling, count: (kept?.count ?? 0) + 1, lastMs: this.#now() });
  }
}

/** Stands for the node until it is known. */
const NODE: Regarding = { kind: "Node", name: "", uid: "" };

function wordsOf({ kind, messageType, message }: Attempt): string {
  const { family, table, chain, rule } = describeMessage(kind, messageType, message);
  return [`${family} ${table} ${chain}`.trim().replaceAll(/ +/g, " "), rule].filter((part) => part !== "").join(": ");
}

/** `xtables-nft-multi (pid 1234, started by sh) in pod shop/cart wanted to write ip filter FORWARD: drop; it is not among …` */
function noteOf(attempt: Attempt, { pod, cgroup }: Origin): string {
  const { executableName, command, pid, parentCommand, why } = attempt;
  const program = executableName === "" || executableName === command ? command : `${executableName} (${command})`;
  const where = pod ? `pod ${pod.namespace}/${pod.name}` : `cgroup ${cgroup}`;
  return visibleText(
    `${program}, pid ${pid}, started by ${parentCommand}, in ${where}, wanted to write ${wordsOf(attempt)}. It ${WHY[why]}.`,
  );
}
