import { visibleText, type RemovedRule, type RuleRemoval } from "@hostrouting/domain";
import { removables, type AllowList, type Dump, type Removable } from "@hostrouting/netfilter";
import type { ToolAnswer } from "../run-tool.ts";

/** What removing needs. `msLeft`: until nothing more may be begun. */
export type RemovalParts = {
  readonly read: () => Promise<readonly Dump[]>;
  readonly run: (command: readonly [string, ...string[]]) => Promise<ToolAnswer>;
  readonly allowList: AllowList;
  readonly msLeft: () => number;
};

/**
 * Removes the rules of one scan, by the command that each finding names and in the order of the findings: exactly those, or none when the rules
 * are others by now. A rule that somebody removes meanwhile fails, and nothing else is touched in its place.
 */
export async function removeRules(digest: string, parts: RemovalParts): Promise<RuleRemoval> {
  const found = removables(await parts.read(), parts.allowList);
  if (found.digest !== digest) return { outcome: "Refused", now: { state: found.state, digest: found.digest } };
  const rules: RemovedRule[] = [];
  for (const removable of found.removables) rules.push({ rule: placeOf(removable), ...(await removed(removable, parts)) });
  const { state, digest: after } = removables(await parts.read(), parts.allowList);
  return { outcome: "Done", rules, now: { state, digest: after } };
}

async function removed({ words }: Removable, { run, msLeft }: RemovalParts): Promise<Omit<RemovedRule, "rule">> {
  const [program, ...args] = words ?? [];
  if (program === undefined) return { outcome: "NoCommand", why: "no command can be written safely: it has to be removed by hand" };
  if (msLeft() <= 0) return { outcome: "OutOfTime", why: "there was no time left: ask again" };
  const answer = await run([program, ...waiting(program), ...args]);
  return "text" in answer ? { outcome: "Removed", why: "" } : { outcome: "Failed", why: visibleText(answer.failed) };
}

/** The older backend has one lock for all of its writers. */
function waiting(program: string): string[] {
  return program === "iptables-legacy" || program === "ip6tables-legacy" ? ["-w", "5"] : [];
}

function placeOf({ finding: { family, table, chain, rule } }: Removable): string {
  return visibleText(`${`${family} ${table} ${chain}`.trim()}: ${rule}`);
}
