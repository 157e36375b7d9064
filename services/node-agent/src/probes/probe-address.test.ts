import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { probeAddress } from "./probe-address.ts";

describe("the address of a probe", () => {
  const cases: [what: string, range: string, used: string[], address: string | undefined][] = [
    ["stands at the end of the range, before its last", "10.244.1.0/24", [], "10.244.1.254"],
    ["is nobody's", "10.244.1.0/24", ["10.244.1.254", "10.244.1.253", "10.244.1.1"], "10.244.1.252"],
    [
      "is nobody's, however that is written",
      "fd00:244:0:1::/64",
      ["fd00:0244:0:1:ffff:ffff:ffff:fffe"],
      "fd00:244:0:1:ffff:ffff:ffff:fffd",
    ],
    ["is never the range's first or last", "10.244.1.4/30", [], "10.244.1.6"],
    ["is none where all are taken", "10.244.1.4/30", ["10.244.1.5", "10.244.1.6"], undefined],
    ["is none in a range of one", "10.244.1.4/32", [], undefined],
    ["is not sought for long", "10.244.0.0/16", Array.from({ length: 64 }, (_, index) => `10.244.255.${254 - index}`), undefined],
  ];
  for (const [what, range, used, address] of cases) it(what, () => assert.equal(probeAddress(range, used), address));
});
