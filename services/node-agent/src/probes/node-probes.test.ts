import assert from "node:assert/strict";
import { it } from "node:test";
import { NodeProbes } from "./node-probes.ts";

const HOUR_MS = 3_600_000;
const table = new Map([["168.63.129.16/32", [{ protocol: "TCP", first: 80, last: 80 }]]] as const);

it("tries again when the node's clock is set back", () => {
  let now = Date.UTC(2026, 0, 2);
  let tried = 0;
  const probes = new NodeProbes({
    control: { address: "192.0.2.1", port: 443 },
    prepare: () => undefined,
    onChange: () => undefined,
    onReached: () => undefined,
    now: () => now,
  });
  // without a range there is no address for a pod, so that each attempt ends before anything is made
  const ranges = { [Symbol.iterator]: () => [][Symbol.iterator](), find: () => void tried++ } as unknown as string[];
  const look = (): unknown => probes.look({ table, basis: "", ranges, used: [] });
  look();
  look();
  assert.equal(tried, 1);
  now -= HOUR_MS;
  look();
  assert.equal(tried, 2);
});
