import type { AccelerationMode, OperationError } from "@hostrouting/domain";

/** What Azure says of a cluster whose nodes it switches (driver `aks-arm`), or why it says nothing. */
export type AzureLook =
  | {
      readonly kind: "Seen";
      readonly mode: AccelerationMode;
      readonly etag: string;
      readonly provisioningState: string;
      /** Of the operation that is followed; absent where there is none, and where Azure has forgotten it. */
      readonly operation?: { readonly status: "InProgress" | "Succeeded" | "Canceled" | "Failed"; readonly error?: OperationError };
    }
  | { readonly kind: "Unseen"; readonly reason: "AzureUnknown" | "AzureThrottled"; readonly message: string };

/** What is asked of Azure, after it was recorded. `etag`: the version over which the mode is put. */
export type AzureIntent =
  | { readonly kind: "PutAzureMode"; readonly mode: AccelerationMode; readonly etag: string }
  | { readonly kind: "AbortAzure" };

const TERMINAL: ReadonlySet<string> = new Set(["Succeeded", "Failed", "Canceled"]);

/** Whether Azure does nothing with the cluster (ARM RPC: these states are terminal, all others are not). Pure. */
export function isAtRest({ provisioningState }: { readonly provisioningState: string }): boolean {
  return TERMINAL.has(provisioningState);
}
