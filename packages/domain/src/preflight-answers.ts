import type { Instant, OperationId } from "./brand.ts";

/** What a rule said when it last knew, and for how long it has not known since. */
export type PreflightAnswer = {
  readonly ruleId: string;
  readonly outcome: "passed" | "failed";
  readonly message: string;
  readonly subjects: readonly string[];
  readonly evidence: string;
  readonly remedy: string;
  /** When that was seen, ISO 8601, UTC. */
  readonly observedAt: string;
  /** How many times in a row it has not known since. */
  readonly unknowns: number;
  /** Since when; undefined while it knows. */
  readonly unknownSince: Instant | undefined;
};

/**
 * The known answers of an operation's preflight, kept from round to round. `scope` stands for what was asked: the same nodes with the same
 * agents. Answers of another scope, or of another operation, are about something else.
 */
export type PreflightAnswers = { readonly operationId: OperationId; readonly scope: string; readonly answers: readonly PreflightAnswer[] };
