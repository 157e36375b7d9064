import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sourceAddresses } from "./source-addresses.ts";

const at = (index: number, address: string) => ({ index, address, prefixLength: 24 });

describe("sourceAddresses", () => {
  const cases: [string, ReturnType<typeof at>[], string[], [string | undefined, string | undefined]][] = [
    ["no address", [at(3, "10.0.0.1")], [], [undefined, undefined]],
    ["the first of each family", [at(2, "10.0.0.4"), at(2, "10.0.0.5"), at(2, "fd00::4"), at(2, "fd00::5")], [], ["10.0.0.4", "fd00::4"]],
    [
      "the node's own",
      [at(2, "10.0.0.4"), at(2, "10.0.0.5"), at(2, "fd00::4"), at(2, "fd00::5")],
      ["10.0.0.5", "fd00::5"],
      ["10.0.0.5", "fd00::5"],
    ],
    ["none of the link only", [at(2, "fe80::1"), at(2, "169.254.1.1"), at(2, "10.0.0.4")], [], ["10.0.0.4", undefined]],
    ["the node's own on another device", [at(3, "10.0.0.5"), at(2, "10.1.0.4")], ["10.0.0.5"], ["10.1.0.4", undefined]],
  ];
  for (const [name, addresses, own, [v4, v6]] of cases)
    it(`takes ${name}`, () => assert.deepEqual(sourceAddresses(addresses, [{ ifindex: 2 }], own), [{ ifindex: 2, v4, v6 }]));
});
