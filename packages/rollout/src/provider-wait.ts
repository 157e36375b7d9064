import { PROVISIONING_LIMIT_MS, type Instant, type Operation } from "@hostrouting/domain";

/**
 * An operation that waits for the provider of the nodes, in this round: as it is, canceled where somebody asked for that, or failed where the provider has
 * had all the time that it gets. Ending it stops the provider. Pure.
 */
export function whileProvided(operation: Operation, now: Instant): Operation {
  if (operation.cancelRequested) return { ...operation, phase: "Canceled" };
  if (now - operation.startedAt <= PROVISIONING_LIMIT_MS) return operation;
  const minutes = Math.round(PROVISIONING_LIMIT_MS / 60_000);
  const message = `The provider of the nodes was not done within ${minutes} min. Check that its process runs, and ask again.`;
  return { ...operation, phase: "Failed", error: { code: "ProvisioningTimeout", message } };
}
