import type { AttemptKind, Reason, Verdict } from "../../../services/node-agent/src/guard/guard-layout.ts";
import type { MessageText } from "../../../services/node-agent/src/guard/nft-message.ts";
import type { LifeStep } from "./guard-life.ts";

/** What the guard told of an attempt. */
export type ToldAttempt = {
  readonly kind: AttemptKind;
  readonly verdict: Verdict;
  readonly why: Reason;
  readonly command: string;
  readonly parentCommand: string;
  readonly executableName: string;
  readonly cgroupName: string;
  readonly messageIndex: number;
  readonly messageType: number;
  readonly text: MessageText;
};

/** What a guest says of the guard, one JSON line each. `code`: 0 written, 1 refused, others failed for another reason. */
export type GuardLine =
  | { readonly kind: "kernel"; readonly release: string; readonly lsm: string }
  | { readonly kind: "rung"; readonly rung: string; readonly loadMs: number; readonly outcome: string; readonly message: string }
  | {
      readonly kind: "attempt";
      readonly phase: string;
      readonly name: string;
      readonly code: number;
      readonly output: string;
      readonly denied: number;
      readonly audited: number;
      readonly permitted: number;
      readonly unreadable: number;
      readonly sets: number;
      readonly event: ToldAttempt | undefined;
    }
  | { readonly kind: "flood"; readonly denied: number }
  | { readonly kind: "upgrade"; readonly trial: string; readonly tried: number; readonly written: number; readonly keptTotals: boolean }
  | { readonly kind: "tampering"; readonly refused: number; readonly repinned: readonly string[]; readonly again: readonly string[] }
  | { readonly kind: "orphaned"; readonly refused: number; readonly adopted: boolean; readonly grown: number }
  | { readonly kind: "ended"; readonly code: number; readonly left: number }
  | { readonly kind: "life"; readonly steps: readonly LifeStep[] }
  | { readonly kind: "killed"; readonly before: number; readonly after: number; readonly adopted: boolean; readonly grown: number }
  | { readonly kind: "cycles"; readonly cycles: number; readonly descriptors: number; readonly objects: string }
  | { readonly kind: "failure"; readonly message: string }
  | { readonly kind: "end" };
