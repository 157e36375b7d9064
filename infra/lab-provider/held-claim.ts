import { setTimeout as pause } from "node:timers/promises";
import type { ProvisioningClaim } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { ProvisioningStore } from "@hostrouting/store";

/** A claim that is kept until it is released, lost, or about something that nobody wishes for any more. */
export type HeldClaim = {
  /** Given when what is being done is to be broken off: the process ends, or the cluster is to go. */
  readonly abort: AbortSignal;
  /** Whether somebody else has it, or something else is wished for: what is being done may end, and nothing comes after it. */
  isSuperseded(): boolean;
  /** Shows progress; of several at once only the last. */
  say(message: string): void;
  /** Lets go, once all that was said is written. May be repeated. */
  release(): Promise<void>;
};

/** What a claim is held with. */
export type ClaimHolding = {
  readonly provisioning: Pick<ProvisioningStore, "renew" | "get" | "record">;
  readonly leaseMs: number;
  readonly logger: Logger;
};

/** Renewed so often that two failures in a row lose nothing. */
const RENEWALS_PER_LEASE = 4;

/** Keeps a claim by renewing it. A database that is away ends nothing: the lab's own lock is what keeps two processes apart. */
export function holdClaim(holding: ClaimHolding, claim: ProvisioningClaim, ending: AbortSignal): HeldClaim {
  const { provisioning, leaseMs, logger } = holding;
  const gone = new AbortController();
  const released = new AbortController();
  let superseded = false;
  let unsaid: string | undefined;
  let saying: Promise<void> = Promise.resolve();

  const renewing = (async () => {
    for (;;) {
      await pause(leaseMs / RENEWALS_PER_LEASE, undefined, { signal: released.signal }).catch(() => undefined);
      if (released.signal.aborted) return;
      try {
        if (superseded || (await provisioning.renew(claim, leaseMs))) continue;
        superseded = true;
        const now = await provisioning.get(claim.clusterId);
        if (now === undefined || now.phase === "Stopped" || now.present !== claim.present) gone.abort();
      } catch (error) {
        logger.warn({ err: error, clusterId: claim.clusterId }, "a claim could not be renewed, will try again");
      }
    }
  })();

  async function write(): Promise<void> {
    const message = unsaid;
    unsaid = undefined;
    if (message === undefined) return;
    await provisioning.record(claim, { kind: "Progress", message }).catch((error: unknown) => {
      logger.debug({ err: error, clusterId: claim.clusterId }, "progress could not be recorded");
    });
  }

  return {
    abort: AbortSignal.any([ending, gone.signal]),
    isSuperseded: () => superseded,
    say(message) {
      if (superseded || released.signal.aborted) return;
      unsaid = message;
      saying = saying.then(write);
    },
    async release() {
      released.abort();
      await Promise.all([renewing, saying]);
    },
  };
}
