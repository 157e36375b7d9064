import type { ClusterId, ProvisioningClaim, ProvisioningOutcome } from "@hostrouting/domain";
import { startLoop, type Logger } from "@hostrouting/runtime";
import type { Store } from "@hostrouting/store";
import { setTimeout as pause } from "node:timers/promises";
import { bringAbout, STEP_LIMITS, type StepLimits } from "./bring-about.ts";
import { holdClaim } from "./held-claim.ts";
import { withLabPolicy } from "./lab-policy.ts";
import type { Labs } from "./labs.ts";
import { openLane } from "./one-at-a-time.ts";

/** What a provider works with. */
export type ProviderDeps = {
  readonly store: Pick<Store, "provisioning" | "clusters">;
  readonly labs: Labs;
  /** This process, among all that ever ran: a new one waits until the old one's claims have run out. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Somebody should look at this cluster. */
  readonly ring: (id: ClusterId) => Promise<void>;
  readonly nowMs: () => number;
  readonly limits?: StepLimits;
};

/** A provider that runs. */
export type Provider = { stop(): Promise<void> };

/** How long a request waits at most until it is seen. */
const ASK_EVERY_MS = 500;
/** More clusters at once than a machine holds. */
const CLAIMS_MAX = 16;
/** The database may be away for a moment, and what was made is not forgotten meanwhile: it stands in the lab's own record. */
const RECORD_TRIES = 5;
const RECORD_PAUSE_MS = 500;

/**
 * Makes, changes and removes the labs that the store wishes for. It removes what is left of clusters that nobody wishes for any more, looks at all that
 * there should be, and then follows requests. Claims are independent of one another: what goes wrong with one cluster holds up no other.
 */
export function startProvider(deps: ProviderDeps): Provider {
  const { store, labs, logger } = deps;
  const ending = new AbortController();
  const lane = openLane();
  const working = new Map<ClusterId, Promise<void>>();
  let isStarted = false;

  const take = (claim: ProvisioningClaim): void => {
    const before = working.get(claim.clusterId) ?? Promise.resolve();
    const mine = workOn(deps, claim, { lane, ending: ending.signal, before }).finally(() => {
      if (working.get(claim.clusterId) === mine) working.delete(claim.clusterId);
    });
    working.set(claim.clusterId, mine);
  };

  const loop = startLoop({
    name: "claims",
    logger,
    faultPauseMs: 1_000,
    async round() {
      if (!isStarted) await begin();
      isStarted = true;
      const { holder, leaseMs } = deps;
      for (const claim of await store.provisioning.claim({ provider: "lab", holder, leaseMs, limit: CLAIMS_MAX })) take(claim);
      return ASK_EVERY_MS;
    },
  });

  async function begin(): Promise<void> {
    const removed = await labs.removeOthers(await store.provisioning.known("lab"));
    if (removed > 0) logger.info({ removed }, "removed labs that an earlier run had left");
    await store.provisioning.wake("lab");
  }

  return {
    async stop() {
      ending.abort();
      await loop.stop();
      await Promise.all(working.values());
    },
  };
}

type Around = { readonly lane: ReturnType<typeof openLane>; readonly ending: AbortSignal; readonly before: Promise<void> };

/** Brings one claim to its end. Never throws. */
async function workOn(deps: ProviderDeps, claim: ProvisioningClaim, around: Around): Promise<void> {
  const { store, labs, logger } = deps;
  const { clusterId } = claim;
  const held = holdClaim({ ...deps, provisioning: store.provisioning }, claim, around.ending);
  try {
    await around.before;
    const outcome = await bringAbout(claim, {
      labs,
      lane: around.lane,
      ending: held,
      say: (message) => held.say(message),
      limits: deps.limits ?? STEP_LIMITS,
      onReady: () => setPolicy(deps, clusterId),
    });
    if (outcome.kind === "Failed") logger.warn({ clusterId, ...outcome }, "a step came to nothing");
    await held.release();
    const recorded = await record(deps, claim, outcome);
    logger[claim.phase === "Pending" ? "info" : "debug"]({ clusterId, outcome: outcome.kind, recorded }, "claim ended");
    if (recorded !== "LeaseLost") await deps.ring(clusterId).catch((error: unknown) => logger.debug({ err: error }, "no bell rang"));
  } catch (error) {
    // The claim runs out by itself, and is then taken again.
    logger.error({ err: error, clusterId }, "what became of a cluster could not be recorded");
  } finally {
    await held.release();
  }
}

/** Until the database answers: what is recorded twice comes to the same, since the first ends the claim. */
async function record({ store }: ProviderDeps, claim: ProvisioningClaim, outcome: ProvisioningOutcome) {
  for (let attempt = 1; ; attempt++)
    try {
      return await store.provisioning.record(claim, outcome);
    } catch (error) {
      if (attempt === RECORD_TRIES) throw error;
      await pause(RECORD_PAUSE_MS);
    }
}

/** The machine's kernel decides what its nodes can do: the policy says so before the engine looks at them. */
async function setPolicy({ store, nowMs }: ProviderDeps, id: ClusterId): Promise<void> {
  await store.clusters.change(id, (locked) => {
    const rolloutPolicy = locked && withLabPolicy(locked.rolloutPolicy, nowMs());
    return { result: undefined, ...(rolloutPolicy && { change: { rolloutPolicy, history: [] } }) };
  });
}
