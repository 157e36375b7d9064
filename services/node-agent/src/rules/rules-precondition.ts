import type { Precondition } from "../preconditions/judge-preconditions.ts";
import type { WrittenVerdict } from "./changed-by.ts";
import { rulesMessage } from "./rules-message.ts";

/** Of a precondition's message in the status; the custom resource's schema has the same bound. */
const MESSAGE_CHARACTERS_MAX = 1024;

/** What the node's rules say about switching it on: a rule that would be passed by blocks, and so does what cannot be read. Pure. */
export function rulesPrecondition(verdict: WrittenVerdict): Precondition {
  const message = rulesMessage(verdict, { max: MESSAGE_CHARACTERS_MAX, sizeOf: ({ length }) => length });
  return { name: "UnexpectedRules", outcome: OUTCOMES[verdict.state], message };
}

const OUTCOMES = { Clean: "Passed", Dirty: "Failed", Unknown: "Unknown" } as const;

/** Everything that preflight wants to know must hold of the node; absent until both have looked. */
export function allPreconditions(
  looked: readonly Precondition[] | undefined,
  rules: Precondition | undefined,
): { preconditions?: Precondition[] } {
  return looked && rules ? { preconditions: [...looked, rules] } : {};
}
