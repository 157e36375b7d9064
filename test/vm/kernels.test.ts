import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { guestKernel, SERIES, type Series } from "./guest-kernel.ts";
import type { GuestLine, ObjectReport } from "./guest/report.ts";
import { allowedOn, overBudget, readBudget } from "./instruction-budget.ts";
import { costsOf } from "./load-objects.ts";
import { runGuest } from "./virtual-machine.ts";

/** tcx exists since 6.6. */
const HOOKS: Readonly<Record<Series, "tcx" | "clsact">> = { "6.1": "clsact", "6.12": "tcx" };

for (const series of Object.keys(SERIES) as Series[])
  describe(`Linux ${series}`, () => {
    let lines: GuestLine[];
    before(async () => {
      lines = await runGuest(guestKernel(series));
    });
    const line = <K extends GuestLine["kind"]>(kind: K): Extract<GuestLine, { kind: K }> | undefined =>
      lines.find((candidate): candidate is Extract<GuestLine, { kind: K }> => candidate.kind === kind);
    const objects = (conntrack: boolean): readonly ObjectReport[] =>
      lines.flatMap((candidate) => (candidate.kind === "objects" && candidate.conntrack === conntrack ? candidate.objects : []));

    it("is what was booted, and everything was tried", () => {
      assert.ok(line("kernel")?.release.startsWith(`${series}.`));
      assert.equal(line("failure")?.message, undefined);
    });

    it("takes every object", () => {
      assert.ok(objects(true).length > 0);
      assert.deepEqual(
        objects(true).map(({ object, refusal }) => ({ object, refusal })),
        [...objects(true).map(({ object }) => ({ object, refusal: undefined }))],
      );
    });

    it("takes every object within its budget of instructions", () => {
      assert.deepEqual(overBudget(allowedOn(readBudget(), series), costsOf(objects(true))), []);
    });

    it(`carries packets on the fast path from ${HOOKS[series]}`, () => {
      assert.partialDeepStrictEqual(line("self-test"), { hook: HOOKS[series], outcome: "Passed" });
      assert.ok((line("self-test")?.fastLocal ?? 0) >= 2, "one datagram of each family was redirected");
    });
  });
