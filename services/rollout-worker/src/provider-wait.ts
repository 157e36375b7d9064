import type { Operation, Provisioning } from "@hostrouting/domain";
import { whileProvided, type Reach } from "@hostrouting/rollout";
import type { ClusterRound, RoundRecord } from "@hostrouting/store";

function progressOf({ provider, phase, isHeld, said }: Provisioning): string {
  const last = said === "" ? "." : `: ${said}`;
  if (phase === "Stopped") return `Provider ${provider} has stopped until the next request${last}`;
  return isHeld ? `Provider ${provider} is at work${last}` : `No process of provider ${provider} has taken it up yet${last}`;
}

/** Why a cluster is not there to be looked at, as far as its provider tells; nothing where it is, or where nobody made it. */
export function whyNotProvided({ provisioning, operation }: Pick<ClusterRound, "provisioning" | "operation">): Reach | undefined {
  if (provisioning === undefined) return undefined;
  const isThere = provisioning.present && provisioning.facts !== undefined && operation?.control.provision !== "First";
  return isThere ? undefined : { kind: "Unreachable", reason: "ProviderNotReady", message: progressOf(provisioning) };
}

/** An operation that is the provider's alone, on a cluster that goes on being looked after meanwhile: new nodes join it as others do. */
function besideEngine({ operation, provisioning }: ClusterRound): Operation | undefined {
  const isBeside = operation?.kind === "UpdateAgentPools" && operation.control.provision === "Alone" && provisioning?.facts !== undefined;
  return isBeside ? operation : undefined;
}

/** A round as the engine sees it: without an operation that is none of its business. */
export function asSeenByEngine(read: ClusterRound): ClusterRound {
  if (besideEngine(read) === undefined) return read;
  return { ...read, operation: undefined, cluster: { ...read.cluster, provisioningState: "Succeeded" } };
}

/** What a round records, with the operation that the engine did not see: so that a cancel or its time's end is not missed. */
export function withProvidersOperation(read: ClusterRound, record: RoundRecord): RoundRecord {
  const operation = besideEngine(read);
  return operation === undefined ? record : { ...record, operation: whileProvided(operation, read.now) };
}
