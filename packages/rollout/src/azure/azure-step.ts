import {
  as,
  unreachable,
  type AzureChange,
  type Instant,
  type Operation,
  type OperationError,
  type OperationPhase,
} from "@hostrouting/domain";
import { CLUSTER, type WaitDraft } from "../waits.ts";
import { isAtRest, type AzureIntent, type AzureLook } from "./azure-look.ts";

/** What an operation of driver `aks-arm` looks at in a round. */
export type AzureGiven = {
  readonly look: AzureLook;
  readonly now: Instant;
  /** Why Azure must not be asked yet; nothing else holds what was begun. */
  readonly hold: WaitDraft | undefined;
  /** Nodes whose own word contradicts what Azure has done, and for how long they may. */
  readonly contradicting: readonly string[];
  readonly contradictionMs: number;
};

/** What comes of it: the operation as it is recorded, and what is asked of Azure afterwards. */
export type AzureStep = {
  readonly operation: Operation;
  readonly phase: OperationPhase;
  readonly waits: readonly WaitDraft[];
  readonly intent?: AzureIntent;
};

/** A request that nobody answered may still arrive for as long as its time-out: 30 s and some for the way. */
const IN_FLIGHT_MS = 45_000;
/** An abort that came to nothing, as where Azure took no request just then, is asked for again. */
const ABORT_AGAIN_MS = 15_000;

type Seen = Extract<AzureLook, { kind: "Seen" }>;

function withAzure(operation: Operation, azure: AzureChange | undefined): Operation {
  const { azure: _before, ...control } = operation.control;
  return { ...operation, control: azure === undefined ? control : { ...control, azure } };
}

const wait = (reason: WaitDraft["reason"], message: string, until?: Instant): WaitDraft => ({
  reason,
  subject: CLUSTER,
  message,
  ...(until !== undefined && { until }),
});

const stay = (operation: Operation, ...waits: readonly WaitDraft[]): AzureStep => ({ operation, phase: operation.phase, waits });

/** Goes on with Azure's change in another step; the next round sees what follows. */
function to(operation: Operation, azure: AzureChange, phase: OperationPhase): AzureStep {
  return { operation: withAzure(operation, azure), phase: operation.phase === "Canceling" ? "Canceling" : phase, waits: [] };
}

function unseen(look: Exclude<AzureLook, Seen>): WaitDraft {
  return wait(look.reason, look.message);
}

/**
 * Changes the mode by Azure: what Azure has already, or does already, is never asked for again. What is to be sent is recorded first, with the version that
 * it is sent over; so whoever comes next finds out from Azure whether it was. Pure, and the same with or without a look at the nodes.
 */
export function azureStep(operation: Operation, given: AzureGiven): AzureStep {
  const { azure } = operation.control;
  if (operation.cancelRequested || operation.phase === "Canceling" || operation.control.cancelReason !== undefined)
    return cancel({ ...operation, phase: "Canceling" }, given);
  if (azure === undefined) return begin(operation, given);
  switch (azure.step) {
    case "Putting":
      // Azure has refused it, so nothing was begun: all that holds one before it is asked holds it again.
      return azure.held !== undefined && given.now >= azure.held.until
        ? begin(withAzure(operation, undefined), given)
        : put(operation, azure, given);
    case "Following":
      return follow(operation, azure, given);
    case "Ended":
      return end(operation, azure, given);
    default:
      return unreachable(azure.step);
  }
}

function begin(operation: Operation, { look, now, hold }: AzureGiven): AzureStep {
  if (operation.phase === "Accepted") return { operation, phase: "Validating", waits: [] };
  if (hold !== undefined) return stay(operation, hold);
  if (look.kind === "Unseen") return stay(operation, unseen(look));
  const { etag } = look;
  if (!isAtRest(look)) {
    if (look.mode === operation.mode) return to(operation, { step: "Following", etag, since: now, isFound: true }, "Rolling");
    return stay(operation, wait("AzureBusy", `Azure is at something else with the cluster (${look.provisioningState}).`));
  }
  if (look.mode === operation.mode && look.provisioningState === "Succeeded")
    return to(operation, { step: "Ended", etag, since: now }, "Finishing");
  const step = to(operation, { step: "Putting", etag, since: now }, "Preparing");
  return { ...step, intent: { kind: "PutAzureMode", mode: operation.mode, etag } };
}

function put(operation: Operation, azure: AzureChange, { look, now }: AzureGiven): AzureStep {
  const { held, etag } = azure;
  if (held !== undefined && now < held.until) return stay(operation, wait(held.reason, held.message, held.until));
  if (look.kind === "Unseen") return stay(operation, unseen(look));
  if (look.etag !== etag) return afterChange(operation, azure, { look, now });
  if (held === undefined && now - azure.since <= IN_FLIGHT_MS)
    return stay(operation, wait("AzureChanging", "The change is on its way to Azure.", as<Instant>(azure.since + IN_FLIGHT_MS)));
  const again = to(operation, { step: "Putting", etag, since: now }, operation.phase);
  return { ...again, intent: { kind: "PutAzureMode", mode: operation.mode, etag } };
}

/** The cluster is of another version than was to be put over: by us, or by somebody else, who is read anew. */
function afterChange(operation: Operation, azure: AzureChange, { look, now }: { look: Seen; now: Instant }): AzureStep {
  if (look.mode === operation.mode) return to(operation, { step: "Following", etag: azure.etag, since: now }, "Rolling");
  return stay(withAzure(operation, undefined), wait("AzureBusy", "Somebody changed the cluster meanwhile; it is read again."));
}

/** What Azure's change has come to; nothing while it goes on. */
function outcomeOf(operation: Operation, look: Seen): { readonly error: OperationError | undefined } | undefined {
  const followed = look.operation;
  if (followed?.status === "InProgress" || (followed === undefined && !isAtRest(look))) return undefined;
  const state = followed?.status ?? look.provisioningState;
  if (followed?.error !== undefined) return { error: followed.error };
  if (state !== "Succeeded") return { error: { code: `AzureOperation${state}`, message: UNTOLD, target: operation.clusterId } };
  if (look.mode === operation.mode) return { error: undefined };
  const message = `Azure shows the mode ${look.mode} at the end of the change: somebody else has changed it meanwhile.`;
  return { error: { code: "ChangedInAzure", message, target: operation.clusterId } };
}

const UNTOLD = "Azure did not bring the change to its end, and the reason was not seen. The cluster's activity log in Azure has it.";

function follow(operation: Operation, azure: AzureChange, { look, now }: AzureGiven): AzureStep {
  if (look.kind === "Unseen") return stay(operation, unseen(look));
  const outcome = outcomeOf(operation, look);
  if (outcome !== undefined) {
    const { error } = outcome;
    return to(operation, { step: "Ended", etag: azure.etag, since: now, ...(error !== undefined && { error }) }, "Finishing");
  }
  const phase = operation.phase === "Canceling" ? "Canceling" : "Rolling";
  return { ...stay(operation, goesOn(look)), phase };
}

function goesOn({ provisioningState }: Seen): WaitDraft {
  return wait("AzureChanging", `AKS changes the cluster (${provisioningState}) and decides itself which node is next.`);
}

function end(operation: Operation, { error, since }: AzureChange, { hold, now, contradicting, contradictionMs }: AzureGiven): AzureStep {
  if (error !== undefined) return { operation: { ...operation, error }, phase: "Failed", waits: [] };
  if (contradicting.length === 0) return hold === undefined ? { operation, phase: "Succeeded", waits: [] } : stay(operation, hold);
  const said = `Azure has ended the change, and Cilium's agents of ${contradicting.length} nodes say otherwise.`;
  const until = as<Instant>(since + contradictionMs);
  if (now < until) return stay(operation, ...contradicting.map((node) => ({ ...wait("Verifying", said, until), subject: node })));
  const mismatch = { code: "EffectiveModeMismatch", message: said, target: contradicting.join(", ") };
  return { operation: { ...operation, error: mismatch }, phase: "Failed", waits: [] };
}

/** What was not asked for is not asked for any more; what Azure has begun it is asked to abort, and followed to whatever end that has. */
function cancel(operation: Operation, given: AzureGiven): AzureStep {
  const { azure, cancelReason } = operation.control;
  const canceled = (error = cancelReason): AzureStep => ({ operation: { ...operation, error }, phase: "Canceled", waits: [] });
  if (azure === undefined || azure.held !== undefined) return canceled();
  const { look, now } = given;
  if (azure.step === "Ended") return azure.error === undefined ? canceled(besides(cancelReason, tooLate(operation))) : canceled();
  if (azure.isFound === true) return canceled(besides(cancelReason, notOurs(operation)));
  if (look.kind === "Unseen") return stay(operation, unseen(look));
  if (azure.step === "Putting") {
    if (look.etag !== azure.etag) return look.mode === operation.mode ? afterChange(operation, azure, { look, now }) : canceled();
    if (now - azure.since > IN_FLIGHT_MS) return canceled();
    const until = as<Instant>(azure.since + IN_FLIGHT_MS);
    return stay(operation, wait("AzureUnknown", "A request may be on its way to Azure, and is canceled when it arrives.", until));
  }
  const followed = follow(operation, azure, given);
  const isDue = azure.abortedAt === undefined || now - azure.abortedAt > ABORT_AGAIN_MS;
  if (followed.operation.control.azure?.step !== "Following" || !isDue) return followed;
  return { ...followed, operation: withAzure(operation, { ...azure, abortedAt: now }), intent: { kind: "AbortAzure" } };
}

/** Why it was canceled, if that is known, and what is to be said besides. */
function besides(reason: OperationError | undefined, said: OperationError): OperationError {
  return reason === undefined ? said : { ...reason, message: `${reason.message} ${said.message}` };
}

function notOurs({ mode, clusterId }: Operation): OperationError {
  const message =
    `Azure was at a change to ${mode} already when it was to be asked for it. It is not aborted, since nobody knows here whose it is: ` +
    "the cluster's activity log in Azure does.";
  return { code: "AbortNotOurs", message, target: clusterId };
}

function tooLate({ mode, clusterId }: Operation): OperationError {
  const message = `Azure had brought the change to its end before it could be aborted: the mode is ${mode}. Ask for the opposite mode.`;
  return { code: "AbortTooLate", message, target: clusterId };
}
