import { OUTSIDE_ADDRESS } from "./bench-network.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { Figure } from "./report.ts";
import type { Variants } from "./variants.ts";

/** What one node must be able to translate to one address and port of the outside. */
const FLOWS = 28_000;
const CONNECTIONS = 20_000;
const CONNECTIONS_MS = 10_000;
const FLOWS_MS = 20_000;

/** Many flows at once, and many one after the other, through our translation to one destination. */
export async function measureMasquerade(variants: Variants, generator: LoadGenerator): Promise<Figure[]> {
  const network = variants.network("ours");
  const ends = { client: network.netns("a"), server: network.netns("out"), address: OUTSIDE_ADDRESS };
  const refusedBefore = network.packets(1, "StackNoPort");
  const translatedBefore = network.packets(1, "FastMasquerade");
  const beating = setInterval(() => network.beat(), 500);
  try {
    const crr = await generator.run({ traffic: "tcp-crr", ...ends, milliseconds: CONNECTIONS_MS, limit: CONNECTIONS });
    const crrRefused = network.packets(1, "StackNoPort") - refusedBefore;
    const many = await generator.run({ traffic: "udp-many", ...ends, milliseconds: FLOWS_MS, limit: FLOWS });
    const refused = network.packets(1, "StackNoPort") - refusedBefore - crrRefused;
    const translated = network.packets(1, "FastMasquerade") - translatedBefore;
    return [
      {
        what: "translated connections to one destination, opened and closed within 10 s",
        unit: "",
        value: crr.operations,
        bound: CONNECTIONS,
        sense: "least",
      },
      { what: "of these failed, or without a port of ours", unit: "", value: crr.errors + crrRefused, bound: 0, sense: "most" },
      {
        what: "translated flows to one destination at once, by different ports",
        unit: "",
        value: many.ports,
        bound: FLOWS,
        sense: "least",
      },
      { what: "of these failed, or without a port of ours", unit: "", value: many.errors + refused, bound: 0, sense: "most" },
      {
        what: "packets of all these that our programs translated",
        unit: "",
        value: translated,
        bound: CONNECTIONS * 4 + FLOWS,
        sense: "least",
      },
    ];
  } finally {
    clearInterval(beating);
  }
}
