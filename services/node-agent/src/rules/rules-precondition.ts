import { visibleText } from "@hostrouting/domain";
import type { Finding, ScanVerdict } from "@hostrouting/netfilter";
import type { Precondition } from "../preconditions/judge-preconditions.ts";

/** Rules in a message; the rest is counted. */
const NAMED_MAX = 3;
const RULE_CHARACTERS_MAX = 120;
/** Of a precondition's message in the status; the custom resource's schema has the same bound. */
const MESSAGE_CHARACTERS_MAX = 1024;

/** What the node's rules say about switching it on: a rule that would be passed by blocks, and so does what cannot be read. Pure. */
export function rulesPrecondition(verdict: ScanVerdict): Precondition {
  const name = "UnexpectedRules";
  if (verdict.state === "Clean") return { name, outcome: "Passed", message: "" };
  const isDirty = verdict.state === "Dirty";
  const found = verdict.findings.filter((finding) => finding.class === (isDirty ? "Bypassed" : "Unknown"));
  const lead = isDirty
    ? ["Host routing would pass by these rules:"]
    : ["What rules there are cannot be told.", ...verdict.unread.map(({ source, at, why }) => `${source}, ${at}: ${cut(why)}.`)];
  return { name, outcome: isDirty ? "Failed" : "Unknown", message: fitted(lead, found, verdict.omitted) };
}

/** As many rules as the status takes, each with its whole command or with none: half a command would be another command. */
function fitted(lead: readonly string[], found: readonly Finding[], omitted: number): string {
  const counts = Array.from({ length: NAMED_MAX }, (_, fewer) => NAMED_MAX - fewer);
  const messages = [withCommand, withoutCommand].flatMap((describe) =>
    counts.map((count) => composed(lead, found, { count, omitted, describe })),
  );
  const whole = messages.find((message) => message.length <= MESSAGE_CHARACTERS_MAX);
  return whole ?? `${lead.join(" ").slice(0, MESSAGE_CHARACTERS_MAX - 1)}…`;
}

type Composition = { readonly count: number; readonly omitted: number; readonly describe: (finding: Finding) => string };

function composed(lead: readonly string[], found: readonly Finding[], { count, omitted, describe }: Composition): string {
  const rules = found.slice(0, count).map(describe);
  const more = found.length + omitted - rules.length;
  return [...lead, ...rules, ...(more > 0 ? [`And ${more} more.`] : [])].join(" ");
}

function withCommand(finding: Finding): string {
  return `${described(finding)}${finding.removal === undefined ? "" : `; to remove: ${finding.removal}`}.`;
}

function withoutCommand(finding: Finding): string {
  return `${described(finding)}.`;
}

function described({ family, table, chain, rule, owner }: Finding): string {
  return `${cut(`${family} ${table} ${chain}`.trim())}: ${cut(rule)}${owner === undefined ? "" : ` (${owner})`}`;
}

/** Comments are anybody's to write. */
function cut(text: string): string {
  const visible = visibleText(text);
  return visible.length > RULE_CHARACTERS_MAX ? `${visible.slice(0, RULE_CHARACTERS_MAX)}…` : visible;
}

/** Everything that preflight wants to know must hold of the node; absent until both have looked. */
export function allPreconditions(
  looked: readonly Precondition[] | undefined,
  scanned: ScanVerdict | undefined,
): { preconditions?: Precondition[] } {
  return looked && scanned ? { preconditions: [...looked, rulesPrecondition(scanned)] } : {};
}
