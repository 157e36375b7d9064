import { AppError, explain, type ProvisioningOutcome } from "@hostrouting/domain";

type Failed = Extract<ProvisioningOutcome, { kind: "Failed" }>;

/** What an error is called on ARM, by its code or the first part of it, and whether the same request can never come to anything. */
const CODES: Readonly<Record<string, { readonly code: string; readonly isFinal: boolean }>> = {
  "wish.version": { code: "K8sVersionNotSupported", isFinal: true },
  "wish.pool": { code: "AgentPoolNotSupported", isFinal: true },
  "wish.network": { code: "NetworkNotSupported", isFinal: true },
  "wish.size": { code: "QuotaExceeded", isFinal: true },
  "room.clusters": { code: "QuotaExceeded", isFinal: true },
  "room.nodes": { code: "QuotaExceeded", isFinal: true },
  "room.memory": { code: "AllocationFailed", isFinal: true },
  "lab.full": { code: "QuotaExceeded", isFinal: true },
  "lab.not-drained": { code: "PodDrainFailure", isFinal: true },
  "lab.not-linux": { code: "LabNotSupported", isFinal: true },
  "lab.not-root": { code: "LabNotSupported", isFinal: true },
  "lab.package-missing": { code: "LabNotSupported", isFinal: true },
  "lab.no-go": { code: "LabNotSupported", isFinal: true },
  "lab.no-cgroups": { code: "LabNotSupported", isFinal: true },
  "lab.disk-full": { code: "AllocationFailed", isFinal: true },
  "lab.node-failed": { code: "NodeFailed", isFinal: false },
  "lab.timed-out": { code: "LabTimedOut", isFinal: false },
  "step.timed-out": { code: "LabTimedOut", isFinal: false },
};
const OTHER = { code: "LabFailed", isFinal: false };

/** What a provider says of an error: what happened, to what, and what to do. Pure. */
export function failureOutcome(error: unknown): Failed {
  const known = error instanceof AppError ? (CODES[error.code] ?? OTHER) : OTHER;
  const remedy = error instanceof AppError && error.remedy !== "" ? ` ${sentence(error.remedy)}` : "";
  return { kind: "Failed", ...known, message: `${sentence(explain(error))}${remedy}` };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
