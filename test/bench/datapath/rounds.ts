import type { Series } from "./floors.ts";
import type { Load, LoadGenerator, Traffic } from "./load-generator.ts";
import type { Measured, Path, Row } from "./report.ts";
import { isSteady, pairedRatio, spreadOf, type Sample } from "./statistics.ts";
import type { Variant, Variants } from "./variants.ts";

/** How much to measure. `bulkRounds`: streams say little here, so they get fewer. */
export type RoundPlan = { rounds: number; bulkRounds: number; runMs: number };

const PATHS: readonly Path[] = ["same node", "cross node", "outside"];
const TRAFFIC: readonly Traffic[] = ["tcp-rr", "udp-rr", "tcp-crr", "udp-flood", "tcp-bulk"];

/** A round's samples with the processor time that each operation took. */
type Costed = Sample & { cpuNs: Readonly<Record<string, number>> };

/**
 * Measures every variant in every round, the limit between the paths, the order turned round every other time: what drifts, drifts
 * for all of them.
 */
export class Rounds {
  readonly #variants: Variants;
  readonly #generator: LoadGenerator;
  readonly #runMs: number;
  readonly #samples = new Map<string, { path: Path; traffic: Traffic; samples: Costed[] }>();

  constructor(variants: Variants, generator: LoadGenerator, runMs: number) {
    this.#variants = variants;
    this.#generator = generator;
    this.#runMs = runMs;
  }

  /** Runs all rounds. @param onRound is told after each, with its number from 1. */
  async run({ rounds, bulkRounds }: Pick<RoundPlan, "rounds" | "bulkRounds">, onRound: (round: number) => void): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const traffic of TRAFFIC) if (traffic !== "tcp-bulk" || round < bulkRounds) await this.#runTraffic(traffic, round % 2 === 1);
      onRound(round + 1);
    }
  }

  /** What was measured, for judging. */
  series(): Series[] {
    return [...this.#samples.values()];
  }

  /** The same as a table. */
  rows(): Row[] {
    return this.series().map(({ path, traffic }) => this.#row(path, traffic));
  }

  async #runTraffic(traffic: Traffic, reversed: boolean): Promise<void> {
    let limitBefore = rateOf(await this.#measure(traffic, this.#variants.limitEnds()));
    for (const path of reversed ? PATHS.toReversed() : PATHS) {
      const variants = this.#variants.of(path);
      const loads = new Map<string, Load>();
      for (const variant of reversed ? variants.toReversed() : variants) {
        loads.set(variant.name, await this.#measure(traffic, variant));
        this.#variants.network(variant.name).drain();
      }
      const limitAfter = rateOf(await this.#measure(traffic, this.#variants.limitEnds()));
      this.#keep(path, traffic, {
        limitBefore,
        limitAfter,
        rates: mapLoads(loads, rateOf),
        cpuNs: mapLoads(loads, ({ busySeconds, operations }) => (busySeconds * 1e9) / operations),
      });
      limitBefore = limitAfter;
    }
  }

  async #measure(traffic: Traffic, { client, server, address }: Omit<Variant, "name">): Promise<Load> {
    this.#variants.beat();
    const load = await this.#generator.run({ traffic, client, server, address, milliseconds: this.#runMs });
    if (load.operations === 0) throw new Error(`${traffic} to ${address}: nothing arrived`);
    return load;
  }

  #keep(path: Path, traffic: Traffic, sample: Costed): void {
    const key = `${path} ${traffic}`;
    const found = this.#samples.get(key) ?? { path, traffic, samples: [] };
    found.samples.push(sample);
    this.#samples.set(key, found);
  }

  #row(path: Path, traffic: Traffic): Row {
    const samples = this.#samples.get(`${path} ${traffic}`)?.samples ?? [];
    const kept = samples.filter(isSteady);
    const base = kept.length > 0 ? kept : samples;
    const measured = this.#variants.of(path).map(({ name }): Measured => {
      const share = pairedRatio(base, name, "limit");
      if (!share) throw new Error(`${name}: never measured`);
      return {
        variant: name,
        rate: spreadOf(base.map(({ rates }) => rates[name] ?? 0)).median,
        share,
        cpuNs: spreadOf(base.map(({ cpuNs }) => cpuNs[name] ?? 0)).median,
      };
    });
    const limitRate = spreadOf(base.map(({ limitBefore, limitAfter }) => (limitBefore + limitAfter) / 2)).median;
    return { path, traffic, limitRate, rounds: kept.length, discarded: samples.length - kept.length, measured };
  }
}

/** Operations for each second. */
function rateOf({ operations, seconds }: Load): number {
  return operations / seconds;
}

function mapLoads(loads: ReadonlyMap<string, Load>, pick: (load: Load) => number): Record<string, number> {
  return Object.fromEntries([...loads].map(([name, load]) => [name, pick(load)]));
}
