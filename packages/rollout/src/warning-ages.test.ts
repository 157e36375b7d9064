import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type HostRoutingWarning, type Instant } from "@hostrouting/domain";
import { withAges } from "./warning-ages.ts";
import { catalogued } from "./warning-catalogue.ts";

const at = (seconds: number): Instant => as<Instant>(seconds * 1_000);
const unknown = (...subjects: string[]): HostRoutingWarning => catalogued("rules-unknown", { message: "", subjects });
const broken = (node: string): HostRoutingWarning =>
  catalogued("connection-disruption", { message: "", subjects: [node], impactNumber: 5 });
const rule: HostRoutingWarning = { id: "PF-058", title: "", message: "", remedy: "", subjects: [] };

/** What is shown in each of some rounds: `code subjects since`. */
function play(rounds: readonly (readonly [seconds: number, ...warnings: HostRoutingWarning[]])[]): string[][] {
  let since: Parameters<typeof withAges>[1];
  return rounds.map(([seconds, ...warnings]) => {
    const aged = withAges(warnings, since, at(seconds));
    since = aged.warningsSince;
    return aged.warnings.map(({ id, subjects, firstSeen }) =>
      [id, ...subjects, firstSeen === undefined ? "-" : firstSeen / 1_000].join(" "),
    );
  });
}

describe("the age of warnings", () => {
  it("begins when they are seen first; nodes that come and go do not change it", () => {
    const shown = play([
      [100, unknown("n1")],
      [189, unknown("n1")],
      [190, unknown("n1", "n2")],
      [300, unknown("n2")],
    ]);
    assert.deepEqual(shown, [[], [], ["rules-unknown n1 n2 100"], ["rules-unknown n2 100"]]);
  });

  it("begins anew once they are gone", () => {
    assert.deepEqual(play([[0, unknown("n1")], [90], [91, unknown("n1")], [180, unknown("n1")], [181, unknown("n1")]]), [
      [],
      [],
      [],
      [],
      ["rules-unknown n1 91"],
    ]);
  });

  it("is each node's own where nodes are told of one by one, and rules of preflight have none", () => {
    assert.deepEqual(
      play([
        [0, broken("n1"), rule],
        [5, broken("n2"), broken("n1")],
      ]),
      [
        ["connection-disruption n1 0", "PF-058 -"],
        ["connection-disruption n2 5", "connection-disruption n1 0"],
      ],
    );
  });
});
