import assert from "node:assert/strict";
import { it } from "node:test";
import { EXPLAINED_REASONS } from "@hostrouting/domain";
import { REASONS } from "./kernel-layout.ts";

it("every reason that the programs count has words, and no other", () => {
  assert.deepEqual([...EXPLAINED_REASONS].sort(), [...REASONS].sort());
});
