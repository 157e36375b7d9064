import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { attachTracing, BpfObject, detachPinnedLink } from "@hostrouting/bpf-loader";
import type { LoadGenerator } from "./load-generator.ts";
import type { Figure } from "./report.ts";
import { spreadOf } from "./statistics.ts";
import type { Variants } from "./variants.ts";

const OBJECT = path.join(import.meta.dirname, "../../../bpf/build/disruption.bpf.o");
/** Of the rate of connect/request/close. */
const COST_MAX = 0.03;

/**
 * What measuring disturbed connections takes from connect/request/close, the traffic that meets its programs most: with and without
 * them in turns, the median of the paired losses.
 */
export async function measureTracingCost(
  variants: Variants,
  generator: LoadGenerator,
  plan: { pairs: number; runMs: number },
): Promise<Figure> {
  if (!existsSync(OBJECT)) throw new Error(`${OBJECT} is missing: make -C bpf`);
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-bench-bpffs-"));
  execFileSync("mount", ["-t", "bpf", "hostrouting-bench", folder]);
  const object = BpfObject.load(OBJECT);
  const pins = object.programNames().map((name) => ({ name, pin: path.join(folder, name) }));
  const rateOf = async (): Promise<number> => {
    const { operations, seconds } = await generator.run({ traffic: "tcp-crr", ...variants.limitEnds(), milliseconds: plan.runMs });
    return operations / seconds;
  };
  const rateWith = async (): Promise<number> => {
    for (const { name, pin } of pins) attachTracing(object.program(name), pin);
    try {
      return await rateOf();
    } finally {
      for (const { pin } of pins) detachPinnedLink(pin);
    }
  };
  try {
    const losses: number[] = [];
    for (let pair = 0; pair < plan.pairs; pair++) {
      const [first, second] = pair % 2 === 0 ? [await rateOf(), await rateWith()] : [await rateWith(), await rateOf()];
      losses.push(pair % 2 === 0 ? 1 - second / first : 1 - first / second);
    }
    return {
      what: "connect/request/close lost to the programs that count disturbed connections",
      unit: "",
      value: spreadOf(losses).median,
      bound: COST_MAX,
      sense: "most",
    };
  } finally {
    object.close();
    execFileSync("umount", [folder]);
    rmdirSync(folder);
  }
}
