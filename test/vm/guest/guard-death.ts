import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { totalOf } from "../../../services/node-agent/src/guard/guard-layout.ts";
import { guardHeldBy } from "./guard-holder.ts";
import { tell } from "./guard-session.ts";

/** A process that holds the guard is killed; what becomes of attempts before and after, and whether the next one takes the guard over. */
export async function killHolder(attempt: () => number): Promise<void> {
  const holder = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path.join(import.meta.dirname, "guard-holder.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const before = attempt();
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const after = attempt();
  const next = guardHeldBy("held");
  next.adopt();
  const { attachedAt, counters, mode } = next.observe();
  const adopted = attachedAt === Number.NEGATIVE_INFINITY && mode === "Enforce";
  tell({ kind: "killed", before, after, adopted, grown: counters ? totalOf(counters, "Denied") : 0 });
  next.reconcile({ kind: "off" });
  next.close();
}
