import { writeFileSync } from "node:fs";
import os from "node:os";
import { guestKernel, SERIES, type Series } from "../../infra/guests/guest-kernel.ts";
import { cacheFolder } from "../../infra/images/cache-folder.ts";
import type { GuestLine, ObjectReport } from "./guest/report.ts";
import { BUDGET_FILE, seriesOf, type InstructionBudget, type ObjectCosts } from "./instruction-budget.ts";
import { costsOf, HOST_ROUTING, loadObjects, plainObjects } from "./load-objects.ts";
import { runGuest } from "./virtual-machine.ts";

/** Measures every object on this machine's kernel and in each guest, and writes the budget anew: `npm run budget`. */
async function measure(): Promise<InstructionBudget> {
  const budget: Record<string, ObjectCosts> = { [seriesOf(os.release())]: costs(os.release(), loadObjects("Conntrack", plainObjects())) };
  for (const series of Object.keys(SERIES) as Series[]) {
    const lines = await runGuest(await guestKernel(series, cacheFolder(process.env)));
    budget[series] = costs(series, withFullGate(series, lines));
  }
  return Object.fromEntries(Object.entries(budget).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })));
}

/** What the guest loaded with conntrack. Another gate is another program, whose figures would hide what this kernel refuses. */
function withFullGate(series: Series, lines: readonly GuestLine[]): readonly ObjectReport[] {
  const tried = lines.find((line) => line.kind === "objects" && line.conntrack);
  if (tried?.kind !== "objects") {
    const failure = lines.find((line) => line.kind === "failure");
    throw new Error(`${series} has not tried the objects with conntrack: ${failure?.message ?? "its guest does not say why"}`);
  }
  if (tried.gate === "Conntrack" || tried.objects.some(({ refusal }) => refusal !== undefined)) return tried.objects;
  throw new Error(`${series} has conntrack and takes ${HOST_ROUTING} with gate ${tried.gate}: only figures of gate Conntrack are a budget`);
}

function costs(kernel: string, reports: readonly ObjectReport[]): ObjectCosts {
  const refused = reports.find(({ refusal }) => refusal !== undefined);
  if (refused) throw new Error(`${kernel} refuses ${refused.object}: ${refused.refusal}`);
  return costsOf(reports);
}

const budget = await measure();
writeFileSync(BUDGET_FILE, `${JSON.stringify(budget, undefined, 2)}\n`);
for (const [series, objects] of Object.entries(budget))
  for (const [object, programs] of Object.entries(objects))
    for (const [program, { verified, translated }] of Object.entries(programs))
      process.stdout.write(`${series.padEnd(5)} ${object} ${program}: ${verified} verified, ${translated} translated\n`);
