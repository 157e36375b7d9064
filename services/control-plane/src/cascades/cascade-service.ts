import type { FastifyInstance } from "fastify";
import { startLoop, type RunLoop } from "@hostrouting/runtime";
import { outsideOfCalls } from "../arm/internal-call.ts";
import type { Deps } from "../deps.ts";
import { sweepCascades } from "./cascade-sweep.ts";

const SWEEP_MS = 1_000;

/** Sweeps as long as the server listens. */
export function cascadeService(app: FastifyInstance, deps: Deps): void {
  let loop: RunLoop | undefined;
  const round = async (): Promise<number> => {
    await sweepCascades(deps);
    return SWEEP_MS;
  };
  app.addHook("onListen", async () => {
    loop = outsideOfCalls(() => startLoop({ name: "cascades", logger: deps.logger, faultPauseMs: SWEEP_MS, round }));
  });
  app.addHook("preClose", async () => loop?.stop());
}
