import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { Attempt } from "./probe-attempt.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** One probe as the status names it. `isReached`: what a policy denies has answered. */
export type ProbeResult = Pick<NonNullable<HostRoutingNodeStatus["probes"]>[number], "name" | "outcome"> & {
  readonly message: string;
  readonly isReached?: true;
};

/** What became of what a pod tried. */
export type Tried = { readonly target: ProbeTarget; readonly attempt: Attempt };

/**
 * What the attempts prove. Silence proves a denial only where somebody else answers within the same time: a pod that reaches nobody proves nothing,
 * nor does one whose first packets were lost, so that others answered what was sent again. A reset may be a
 * rule's refusal or a host on which nobody listens, so it proves nothing either. Pure.
 */
export function judgeProbes(tried: readonly Tried[]): readonly ProbeResult[] {
  const answers = tried.flatMap(({ target, attempt }) =>
    target.expected === "Reached" && attempt.kind === "Answered" ? [attempt.ms] : [],
  );
  const wayMs = Math.min(Number.POSITIVE_INFINITY, ...answers);
  return tried.map(({ target, attempt }) => {
    const { name, expected } = target;
    return { name, ...(expected === "Reached" ? judgeReach(target, attempt) : judgeDenial(target, attempt, wayMs)) };
  });
}

/** Three runs in a row did not come to an end. */
const AGED_MS = 150_000;

/** What results prove when they are so old: a pass of long ago is not known any more, a failure stays one until it is tried again. Pure. */
export function resultsAged(results: readonly ProbeResult[], ageMs: number): readonly ProbeResult[] {
  if (ageMs < AGED_MS) return results;
  const message = `Not tried for ${Math.floor(ageMs / 1000)} s.`;
  return results.map((result) => (result.outcome === "Passed" ? { name: result.name, outcome: "Unknown", message } : result));
}

type Judged = Omit<ProbeResult, "name">;

function judgeReach(target: ProbeTarget, attempt: Attempt): Judged {
  const place = placeOf(target);
  switch (attempt.kind) {
    case "Answered":
      return { outcome: "Passed", message: `A pod reaches ${place}.` };
    case "NoAnswer":
      return { outcome: "Failed", message: `A pod does not reach ${place}: no answer in ${Math.round(attempt.ms)} ms.` };
    case "Rejected":
      return { outcome: "Failed", message: `A pod does not reach ${place}: ${attempt.code}.` };
  }
}

function judgeDenial(target: ProbeTarget, attempt: Attempt, wayMs: number): Judged {
  const place = placeOf(target);
  switch (attempt.kind) {
    case "Answered":
      return {
        outcome: "Failed",
        isReached: true,
        message: `A pod reaches ${place}, which a policy denies: connected in ${Math.ceil(attempt.ms)} ms.`,
      };
    case "NoAnswer":
      if (wayMs <= attempt.ms) return { outcome: "Passed", message: `No answer from ${place}.` };
      return { outcome: "Unknown", message: `No answer from ${place}, nor from anybody else in that time.` };
    case "Rejected":
      if (attempt.code === "ECONNREFUSED")
        return { outcome: "Unknown", message: `${place} answered with a refusal: by a rule, or because nobody listens there.` };
      return { outcome: "Passed", message: `No way to ${place}: ${attempt.code}.` };
  }
}

function placeOf({ address, port, by }: ProbeTarget): string {
  return `${address.includes(":") ? `[${address}]` : address} ${by === "Tcp" ? "TCP" : "UDP"} ${port}`;
}
