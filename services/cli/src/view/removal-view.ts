import type { RuleRemoval } from "@hostrouting/domain";

const WORDS = { Removed: "removed", Failed: "failed", NoCommand: "left", OutOfTime: "left" } as const;

/** Lines that say what became of each rule, and what the node's rules are now. */
export function removalLines(node: string, removal: RuleRemoval): string[] {
  const { state, digest } = removal.now;
  if (removal.outcome === "Refused") {
    const now = state === "Clean" ? "and none of them offends" : `their digest is ${digest}`;
    return [
      `${node}: nothing was removed: the rules are others now, ${now}.`,
      ...(state === "Clean" ? [] : [`  → Look at them with "hostrouting findings --node ${node}", and ask again.`]),
    ];
  }
  return [
    ...removal.rules.map(({ outcome, rule, why }) => `${WORDS[outcome]}: ${rule}${why === "" ? "" : `: ${why}`}`),
    state === "Clean" ? `${node}: no rule is left that host routing would pass by.` : `${node}: rules are ${state} now, digest ${digest}.`,
  ];
}
