import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outsideRanges } from "./outside-ranges.ts";
import type { FallbackRules } from "./fallback-rules.ts";

const present = (...kept: string[]): FallbackRules => ({ state: "present", kept });
const absent: FallbackRules = { state: "absent" };

describe("outsideRanges", () => {
  const kept = ["10.0.0.0/8", "172.16.0.0/12", "fd00::/8"];
  it("believes what configuration and rules both say", () =>
    assert.deepEqual(outsideRanges(kept, { 4: present("172.16.0.0/12", "10.0.0.0/8"), 6: present("fd00::/8") }, ["20.0.0.1/32"]), {
      native: ["10.0.0.0/8", "172.16.0.0/12", "fd00::/8"],
      doubtful: [],
      service: ["20.0.0.1/32"],
      families: [4, 6],
    }));
  it("leaves to the stack what only one of them says", () =>
    assert.deepEqual(outsideRanges(kept, { 4: present("10.0.0.0/8", "100.64.0.0/10"), 6: present() }, []), {
      native: ["10.0.0.0/8"],
      doubtful: ["172.16.0.0/12", "100.64.0.0/10", "fd00::/8"],
      service: [],
      families: [4, 6],
    }));
  it("leaves out a family whose rules are not there", () =>
    assert.deepEqual(outsideRanges(kept, { 4: present("10.0.0.0/8", "172.16.0.0/12"), 6: absent }, []).families, [4]));
});
