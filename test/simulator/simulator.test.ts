import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plantedBugs } from "./planted-bugs.ts";
import { mixedSize } from "./run-summary.ts";
import { simulateSeed } from "./simulate-seed.ts";

const SEEDS = 200;
/** How operations can end; one that never does is not simulated. */
const ENDS = [
  "DisableHostRouting Canceled",
  "DisableHostRouting Succeeded",
  "EnableHostRouting Canceled",
  "EnableHostRouting Failed",
  "EnableHostRouting Failed RolledBack",
  "EnableHostRouting Succeeded",
  "RollbackHostRouting Succeeded",
  "UpgradeBundle Canceled",
  "UpgradeBundle Failed",
  "UpgradeBundle Succeeded",
];

test(`no invariant is broken in ${SEEDS} seeds, and operations end in every way`, async () => {
  const ends = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { broken, traceHash, ended } = await simulateSeed({ seed, ...mixedSize(seed) });
    for (const end of ended) ends.add(end);
    const { clusters, nodes } = mixedSize(seed);
    const again = `npm run simulate -- --seed ${seed} --clusters ${clusters} --nodes ${nodes}`;
    assert.equal(broken, undefined, `${broken?.invariant}: ${broken?.what} (trace ${traceHash}). Look at it with: ${again}`);
  }
  assert.deepEqual(
    ENDS.filter((end) => !ends.has(end)),
    [],
  );
});

test("the same seed gives the same run, and another one another", async () => {
  const hash = async (seed: number): Promise<string> => (await simulateSeed({ seed, clusters: 2, nodes: 4 })).traceHash;
  assert.equal(await hash(7), await hash(7));
  assert.notEqual(await hash(7), await hash(8));
});

describe("a planted bug is noticed:", () => {
  for (const [name, { bug, noticedBy, withinSeeds, given }] of Object.entries(plantedBugs))
    test(name, async () => {
      for (let seed = 1; seed <= withinSeeds; seed += 1) {
        const { broken } = await simulateSeed({ seed, ...mixedSize(seed), bug, given });
        if (broken === undefined) continue;
        assert.match(broken.invariant, new RegExp(`^${noticedBy}`), broken.what);
        return;
      }
      assert.fail(`nothing was noticed in ${withinSeeds} seeds`);
    });
});
