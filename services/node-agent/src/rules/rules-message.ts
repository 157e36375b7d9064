import { visibleText } from "@hostrouting/domain";
import type { WrittenFinding, WrittenVerdict } from "./changed-by.ts";

/** Rules in a message; the rest is counted. */
const NAMED_MAX = 3;
const RULE_CHARACTERS_MAX = 120;

/** How much a message may be, and how that is measured. */
export type MessageLimit = { readonly max: number; readonly sizeOf: (text: string) => number };

/** A node's rules in words: which would be passed by and how they are removed, or what cannot be told of them. Empty when it is clean. Pure. */
export function rulesMessage(verdict: WrittenVerdict, limit: MessageLimit): string {
  if (verdict.state === "Clean") return "";
  const isDirty = verdict.state === "Dirty";
  const found = verdict.findings.filter((finding) => finding.class === (isDirty ? "Bypassed" : "Unknown"));
  const lead = isDirty
    ? ["Host routing would pass by these rules:"]
    : ["What rules there are cannot be told.", ...verdict.unread.map(({ source, at, why }) => `${source}, ${at}: ${cut(why)}.`)];
  return fitted(lead, { found, omitted: verdict.omitted }, limit);
}

/** As many rules as there is room for, each with its whole command or with none: half a command would be another command. */
function fitted(lead: readonly string[], { found, omitted }: Found, { max, sizeOf }: MessageLimit): string {
  const counts = Array.from({ length: NAMED_MAX }, (_, fewer) => NAMED_MAX - fewer);
  const messages = [withCommand, withoutCommand].flatMap((describe) =>
    counts.map((count) => composed(lead, found, { count, omitted, describe })),
  );
  return messages.find((message) => sizeOf(message) <= max) ?? cutTo(lead.join(" "), { max, sizeOf });
}

function cutTo(text: string, { max, sizeOf }: MessageLimit): string {
  let kept = text.slice(0, max);
  while (sizeOf(`${kept}…`) > max) kept = kept.slice(0, -1);
  return `${kept}…`;
}

type Found = { readonly found: readonly WrittenFinding[]; readonly omitted: number };
type Composition = { readonly count: number; readonly omitted: number; readonly describe: (finding: WrittenFinding) => string };

function composed(lead: readonly string[], found: readonly WrittenFinding[], { count, omitted, describe }: Composition): string {
  const rules = found.slice(0, count).map(describe);
  const more = found.length + omitted - rules.length;
  return [...lead, ...rules, ...(more > 0 ? [`And ${more} more.`] : [])].join(" ");
}

function withCommand(finding: WrittenFinding): string {
  return `${described(finding)}${finding.removal === undefined ? "" : `; to remove: ${finding.removal}`}.`;
}

function withoutCommand(finding: WrittenFinding): string {
  return `${described(finding)}.`;
}

function described({ family, table, chain, rule, owner, changedBy }: WrittenFinding): string {
  const about = [owner, changedBy && `last changed by ${changedBy}`].filter((part) => part !== undefined).join(", ");
  return `${cut(`${family} ${table} ${chain}`.trim())}: ${cut(rule)}${about === "" ? "" : ` (${about})`}`;
}

/** Comments are anybody's to write. */
function cut(text: string): string {
  const visible = visibleText(text);
  return visible.length > RULE_CHARACTERS_MAX ? `${visible.slice(0, RULE_CHARACTERS_MAX)}…` : visible;
}
