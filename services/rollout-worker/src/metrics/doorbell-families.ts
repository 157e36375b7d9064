import type { DoorbellFigures, DoorbellState } from "@hostrouting/doorbell";
import type { MetricFamily } from "@hostrouting/runtime";

const STATES: readonly DoorbellState[] = ["Working", "Away", "Refused"];

/** The bell in numbers; docs/metrics.md explains each. */
export function doorbellFamilies({ state, heard }: DoorbellFigures): readonly MetricFamily[] {
  return [
    {
      name: "acns_hostrouting_doorbell",
      help: "1 for what the bell is: working, away, or refused because of how Redis is set up.",
      type: "gauge",
      samples: STATES.map((each) => ({ labels: { state: each }, value: Number(each === state) })),
    },
    {
      name: "acns_hostrouting_rings_heard_total",
      help: "Rings that this worker heard; what no bell rang for is found by the sweep.",
      type: "counter",
      samples: [{ labels: {}, value: heard }],
    },
  ];
}
