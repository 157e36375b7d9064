import {
  as,
  visibleText,
  type PolicyDrift,
  type Instant,
  type ManagedPolicyStatus,
  type PolicyMode,
  type PolicyState,
} from "@hostrouting/domain";
import { MANAGED_BY, MANAGED_BY_LABEL, type ClusterwidePolicy } from "./cilium-policy.ts";
import { differences, hasAdditions, isRecord, type Difference, type ObservedObject } from "./compare-policy.ts";
import { isManagedBy } from "./field-managers.ts";
import { followDrift, foundDrift } from "./follow-drift.ts";

/** What an API server says about the object of a policy's name. */
export type PolicyObservation =
  | { readonly kind: "Absent" }
  | { readonly kind: "Present"; readonly object: ObservedObject }
  /** The cluster has no such kind of object. */
  | { readonly kind: "Unsupported" }
  | { readonly kind: "Unreadable"; readonly because: string };

/** What became of a correction of the round before. */
export type PolicyAttempt = { readonly kind: "None" | "Written" } | { readonly kind: "Failed"; readonly because: string };

/** Everything that judging rests on. */
export type PolicyQuestion = {
  readonly desired: ClusterwidePolicy;
  readonly observed: PolicyObservation;
  readonly mode: PolicyMode;
  /** Our own field manager. */
  readonly manager: string;
  readonly previous: ManagedPolicyStatus | undefined;
  /** What became of the last correction. Once one was written, what is not as it should be has been changed since. */
  readonly attempt: PolicyAttempt;
  readonly now: Instant;
};

/** How to put a policy right: apply it, and take away first what somebody added, over the version that was seen. `force`: others' fields as well. */
export type PolicyCorrection = { readonly force: boolean; readonly replaceVersion: string | undefined };

/** What is to be said and done about a managed policy. */
export type PolicyJudgement = {
  readonly status: ManagedPolicyStatus;
  /** Whether nodes may rely on it. In mode `Warn` it must be there; in mode `Off` nobody asks. */
  readonly inPlace: boolean;
  readonly correction: PolicyCorrection | undefined;
  /** Whether an object of ours is there, which somebody has to take away in the end. */
  readonly isOurs: boolean;
  /** When a contested policy is put right again. */
  readonly until: Instant | undefined;
  /** UID of the object that was looked at. */
  readonly uid: string | undefined;
};

/** More corrections than this within the window mean that somebody writes against us: two writers without end help nobody. */
const CORRECTIONS_MAX = 5;
const WINDOW_MS = 10 * 60_000;

type Verdict = {
  readonly state: PolicyState;
  readonly message: string;
  /** Undefined where our policy could not be looked at. */
  readonly found?: readonly Difference[];
  readonly inPlace?: boolean;
  readonly correction?: PolicyCorrection;
  readonly isOurs?: boolean;
};

/** Judges a managed policy: how it is, whether it can be relied on, and what is to be done. Says nothing of whether it is needed. */
export function judgePolicy(question: PolicyQuestion): PolicyJudgement {
  const { desired, mode, previous, attempt, now } = question;
  const verdict = verdictOf(question);
  const object = question.observed.kind === "Present" ? question.observed.object : {};
  const drift = followDrift(verdict.found && foundDrift(verdict.found, object, question), {
    previous,
    corrected: attempt.kind === "Written",
    now,
  });
  const times = new Set(
    drift.flatMap(({ correctedAt }) => (correctedAt !== undefined && now - correctedAt < WINDOW_MS ? [correctedAt] : [])),
  );
  const contested = verdict.correction !== undefined && verdict.state === "Drifted" && times.size >= CORRECTIONS_MAX;
  const oldest = [...times].toSorted((a, b) => b - a)[CORRECTIONS_MAX - 1] ?? now;
  const isOurs = verdict.isOurs ?? false;
  return {
    status: {
      name: desired.metadata.name,
      mode,
      state: contested ? "Contested" : verdict.state,
      message: contested ? contestedMessage(drift, times.size) : withFailure(verdict, attempt),
      wasThere: mode !== "Off" && ((previous?.wasThere ?? false) || isOurs),
      drift,
    },
    inPlace: verdict.inPlace ?? false,
    correction: contested ? undefined : verdict.correction,
    isOurs,
    until: contested ? as<Instant>(oldest + WINDOW_MS) : undefined,
    uid: uidOf(object),
  };
}

function uidOf({ metadata }: ObservedObject): string | undefined {
  const uid = isRecord(metadata) ? metadata["uid"] : undefined;
  return typeof uid === "string" ? uid : undefined;
}

function contestedMessage(drift: readonly PolicyDrift[], corrections: number): string {
  const managers = [...new Set(drift.flatMap(({ manager }) => manager ?? []))];
  const who = managers.length === 0 ? "by whom, only the API server's audit log tells" : `by ${managers.join(", ")}`;
  return `Changed again after each of ${corrections} corrections within ten minutes, ${who}.`;
}

function withFailure({ message, correction }: Verdict, attempt: PolicyAttempt): string {
  return attempt.kind === "Failed" && correction !== undefined
    ? `${message} The last attempt failed: ${visibleText(attempt.because)}`
    : message;
}

function verdictOf({ desired, observed, mode, manager, previous }: PolicyQuestion): Verdict {
  const isOurs = observed.kind === "Present" && belongsToUs(observed.object, manager);
  if (mode === "Off") return { state: "NotManaged", message: "The policy's mode is Off.", inPlace: true, isOurs };
  switch (observed.kind) {
    case "Unsupported":
      return { state: "Unsupported", message: "The API server knows no CiliumClusterwideNetworkPolicy." };
    case "Unreadable":
      return { state: "Unknown", message: `It could not be read: ${visibleText(observed.because)}` };
    case "Absent":
      return absent(mode, previous?.wasThere ?? false);
    case "Present":
      return isOurs
        ? { ...present(observed.object, desired, mode), isOurs }
        : {
            state: "Foreign",
            message: `The object ${desired.metadata.name} is somebody else's: it has neither our label nor a field of ours.`,
          };
  }
}

function belongsToUs(object: ObservedObject, manager: string): boolean {
  const { metadata } = object;
  const labels = isRecord(metadata) ? metadata["labels"] : undefined;
  return (isRecord(labels) && labels[MANAGED_BY_LABEL] === MANAGED_BY) || isManagedBy(object, manager);
}

function absent(mode: PolicyMode, wasThere: boolean): Verdict {
  const correction = { force: mode === "Correct", replaceVersion: undefined };
  if (!wasThere) return { state: "Pending", message: "It is to be made.", correction };
  return {
    state: "Drifted",
    message: "It was deleted; by whom, only the API server's audit log tells.",
    found: [{ path: [], desired: "the policy", observed: undefined }],
    ...(mode === "Correct" ? { correction } : {}),
  };
}

function present(object: ObservedObject, desired: ClusterwidePolicy, mode: PolicyMode): Verdict {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const version = metadata["resourceVersion"];
  if (metadata["deletionTimestamp"] !== undefined)
    return { state: "Pending", message: "It is being deleted, and made anew once it is gone." };
  const found = differences(desired, object);
  if (found.length > 0)
    return {
      state: "Drifted",
      message: "It is not as it should be.",
      found,
      inPlace: mode === "Warn",
      ...(mode === "Correct"
        ? { correction: { force: true, replaceVersion: hasAdditions(found) && typeof version === "string" ? version : undefined } }
        : {}),
    };
  const refused = whyRefused(object);
  return refused === undefined
    ? { state: "InSync", message: "", found, inPlace: true }
    : { state: "Refused", found, message: `Cilium does not take it: ${refused}` };
}

/** Cilium's operator says whether it understands a policy (condition `Valid`); on AKS, and without Cilium, it says nothing. */
function whyRefused({ status }: ObservedObject): string | undefined {
  const conditions = isRecord(status) ? status["conditions"] : undefined;
  if (!Array.isArray(conditions)) return undefined;
  const invalid = conditions.find((each: unknown) => isRecord(each) && each["type"] === "Valid" && each["status"] === "False") as unknown;
  return isRecord(invalid) ? visibleText(String(invalid["message"] ?? "no reason given")) : undefined;
}
