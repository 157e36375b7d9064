import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canaryWarning, disruptionWarning, disruptionWarnings, toleratedDisruptions } from "./disruption-warning.ts";
import { isCatalogued, WARNING_CATALOGUE } from "./warning-catalogue.ts";
import type { CanaryFigures, DisruptionFigures } from "./snapshot.ts";

const quiet: DisruptionFigures = {
  step: "Confirm",
  flowsAtSwitch: 48,
  disrupted: 0,
  byReason: { reset: 0, timeout: 0, connectFailure: 0 },
  byPod: [],
  watchedSeconds: 60,
  before: { disrupted: 0, seconds: 600 },
};

describe("how many disrupted connections are usual", () => {
  const cases: [what: string, figures: Partial<DisruptionFigures>, expected: number][] = [
    ["three on a node where none break", {}, 3],
    ["three where a few do", { before: { disrupted: 10, seconds: 600 } }, 3],
    ["three times the rate before, over the time watched", { before: { disrupted: 100, seconds: 600 } }, 30],
    ["fewer while less time was watched", { before: { disrupted: 100, seconds: 600 }, watchedSeconds: 20 }, 10],
    ["three where nobody knows what was before", { before: { disrupted: 50, seconds: 0 } }, 3],
  ];
  for (const [what, figures, expected] of cases) it(what, () => assert.equal(toleratedDisruptions({ ...quiet, ...figures }), expected));
});

describe("the warning about disrupted connections", () => {
  const cases: [what: string, disruption: DisruptionFigures | undefined, warned: boolean][] = [
    ["none without a report", undefined, false],
    ["none where nothing broke", quiet, false],
    ["none for three", { ...quiet, disrupted: 3 }, false],
    ["one for four", { ...quiet, disrupted: 4 }, true],
    ["none for what is usual there", { ...quiet, disrupted: 30, before: { disrupted: 100, seconds: 600 } }, false],
    ["one for more than is usual there", { ...quiet, disrupted: 31, before: { disrupted: 100, seconds: 600 } }, true],
    ["none for new connections that failed", { ...quiet, byReason: { reset: 0, timeout: 0, connectFailure: 90 } }, false],
  ];
  for (const [what, disruption, warned] of cases)
    it(what, () => assert.equal(disruptionWarning("n1", { disruption }) !== undefined, warned));

  it("names node, figures, step and pods", () => {
    const disruption: DisruptionFigures = {
      ...quiet,
      step: "Drain",
      disrupted: 20,
      byReason: { reset: 18, timeout: 2, connectFailure: 5 },
      byPod: ["shop/web", "shop/database"],
    };
    assert.deepEqual(disruptionWarning("n1", { disruption }), {
      id: "connection-disruption",
      ...WARNING_CATALOGUE["connection-disruption"],
      message:
        "On n1, 20 of 48 TCP connections broke when host routing began to drain (18 reset, 2 timed out; 5 new ones failed). " +
        "Usual there: 0 in 600 s. Most disturbed: shop/web, shop/database.",
      subjects: ["n1"],
      impactNumber: 20,
    });
  });
});

describe("the warning about canary flows", () => {
  const canary = (name: string, longestSilenceMs: number, failed = false): CanaryFigures => ({ name, longestSilenceMs, failed });
  const cases: [what: string, canaries: readonly CanaryFigures[] | undefined, said: string | undefined][] = [
    ["none where no switch was watched", undefined, undefined],
    ["none where there was no canary", [], undefined],
    ["none for a second", [canary("udp-ipv4", 1000)], undefined],
    ["one for more", [canary("udp-ipv4", 1001), canary("udp-ipv6", 90)], "udp-ipv4 was silent for 1.0 s"],
    [
      "one for all that fell silent or broke",
      [canary("udp-ipv4", 2340), canary("tcp-ipv6", 0, true)],
      "udp-ipv4 was silent for 2.3 s, tcp-ipv6 broke",
    ],
  ];
  for (const [what, canaries, said] of cases)
    it(what, () =>
      assert.equal(
        canaryWarning("n1", { canaries })?.message,
        said && `On n1, flows of the agent's own were disturbed by the last switch: ${said}.`,
      ),
    );
});

describe("the warnings about a cluster", () => {
  it("tell of canaries after connections, and each is known as made here", () => {
    const canaries = [{ name: "udp-ipv4", longestSilenceMs: 1500, failed: false }];
    const warnings = disruptionWarnings([{ name: "n1", report: { disruption: { ...quiet, disrupted: 9 }, canaries } }]);
    assert.deepEqual(
      warnings.map(({ id }) => id),
      ["connection-disruption", "canary-silence"],
    );
    assert.ok(warnings.every(isCatalogued));
  });

  it("begin with the most disturbed node, leave out quiet ones, and are twenty at most", () => {
    const nodes = Array.from({ length: 30 }, (_, index) => ({
      name: `n${index}`,
      report: { disruption: { ...quiet, disrupted: index } },
    }));
    const warnings = disruptionWarnings([...nodes, { name: "silent", report: undefined }]);
    assert.deepEqual(
      warnings.map(({ subjects }) => subjects[0]),
      Array.from({ length: 20 }, (_, index) => `n${29 - index}`),
    );
    assert.ok(warnings.every(isCatalogued));
    assert.deepEqual(disruptionWarnings(nodes.slice(0, 4)), []);
  });
});
