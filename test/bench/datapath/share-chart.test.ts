import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawShareChart, type ShareChart } from "./share-chart.ts";

const chart: ShareChart = {
  title: "Share & limit",
  subtitle: 'a < b, "c"',
  series: [
    { name: "stack", color: "#aaaaaa" },
    { name: "ours", color: "#0000ff" },
  ],
  panels: [
    {
      title: "Same node",
      clusters: [
        { label: "TCP", values: [0.5, 1.1] },
        { label: "UDP", values: [undefined, 2] },
      ],
    },
  ],
};

/** Height of each bar, bottom up, in drawing units. */
function barsOf(svg: string, color: string): number[] {
  return [...svg.matchAll(new RegExp(`height="([\\d.]+)" rx="2" fill="${color}"`, "g"))].map(([, height]) => Number(height));
}

describe("chart of shares", () => {
  const svg = drawShareChart(chart);
  const cases: [string, unknown, unknown][] = [
    ["draws heights in proportion", barsOf(svg, "#aaaaaa"), [113.6]],
    ["cuts what is over the scale", barsOf(svg, "#0000ff"), [250, 250]],
    [
      "labels every bar with its share",
      [...svg.matchAll(/font-size="11"[^>]*text-anchor="middle">(\d+)</g)].map(([, label]) => label),
      ["50", "110", "200"],
    ],
    ["escapes what it is told", svg.includes("Share &amp; limit") && svg.includes("a &lt; b, &quot;c&quot;"), true],
    ["leaves out what was not measured", barsOf(svg, "#656d76"), []],
    ["draws nothing outside numbers", /NaN|Infinity|undefined/.test(svg), false],
  ];
  for (const [what, found, expected] of cases) it(what, () => assert.deepEqual(found, expected));

  it("stays a document without panels", () => assert.match(drawShareChart({ ...chart, panels: [] }), /^<svg [^]*<\/svg>\n$/));
});
