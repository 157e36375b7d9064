/**
 * Carries deployments out, in this process: those that it accepted, and those that nobody holds any more. Several control planes may run; a run
 * has one holder at a time, and what a former one still writes is refused.
 */
import { randomUUID } from "node:crypto";
import { startLoop, type RunLoop } from "@hostrouting/runtime";
import type { DeploymentLease, OperationId } from "@hostrouting/domain";
import { outsideOfCalls } from "../arm/internal-call.ts";
import { LEASE_MS, runRound, type HeldRun } from "./deployment-run.ts";
import type { AcceptedRun, RunDeps } from "./run-context.ts";

/** The runs of this process. */
export type DeploymentRunner = {
  /** Who holds runs that this process accepts, and for how long at first. */
  readonly holder: { readonly name: string; readonly durationMs: number };
  /** Carries out a run that was just accepted. */
  hold(lease: DeploymentLease, accepted: AcceptedRun): void;
  /** Begins to look for runs that nobody holds. */
  start(): void;
  /** Gives back what is held; others go on with it. */
  stop(): Promise<void>;
};

const SWEEP_MS = 1_000;
const FAULT_PAUSE_MS = 1_000;
/** Runs that are taken from others while there are fewer than this; those that were accepted here are held in any case. */
const RUNS_MAX = 50;

/** A runner that holds nothing yet. */
export function deploymentRunner(deps: RunDeps): DeploymentRunner {
  const holder = { name: randomUUID(), durationMs: LEASE_MS };
  const held = new Map<OperationId, { readonly run: HeldRun; readonly loop: RunLoop }>();
  let sweep: RunLoop | undefined;

  function take(run: HeldRun): void {
    const { runId } = run.lease;
    const round = async (): Promise<number> => {
      const next = await runRound(deps, run);
      if (next !== "Over") return next;
      void loop.stop();
      // A run that this process lost and took again is held by the later loop.
      if (held.get(runId)?.loop === loop) held.delete(runId);
      return FAULT_PAUSE_MS;
    };
    const loop: RunLoop = startLoop({ name: `deployment ${runId}`, logger: deps.logger, faultPauseMs: FAULT_PAUSE_MS, round });
    held.set(runId, { run, loop });
  }

  async function look(): Promise<number> {
    const limit = RUNS_MAX - held.size;
    const leases = limit > 0 ? await deps.store().deployments.take(holder.name, LEASE_MS, limit) : [];
    for (const lease of leases) {
      deps.logger.info({ deployment: lease.deploymentId, runId: lease.runId }, "taking up a deployment that nobody carries out");
      take({ lease, accepted: held.get(lease.runId)?.run.accepted });
    }
    return SWEEP_MS;
  }

  return {
    holder,
    // What outlives a request must not run in its context, or its requests would be taken for part of that one.
    hold: (lease, accepted) => outsideOfCalls(() => take({ lease, accepted })),
    start() {
      sweep ??= outsideOfCalls(() => startLoop({ name: "deployments", logger: deps.logger, faultPauseMs: FAULT_PAUSE_MS, round: look }));
    },
    async stop() {
      await sweep?.stop();
      const all = [...held.values()];
      held.clear();
      await Promise.all(all.map(({ loop }) => loop.stop()));
      await Promise.all(
        all.map(({ run }) =>
          deps
            .store()
            .deployments.release(run.lease)
            .catch(() => undefined),
        ),
      );
    },
  };
}
