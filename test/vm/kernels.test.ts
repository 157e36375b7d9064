import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { guestKernel, SERIES, type Series } from "../../infra/guests/guest-kernel.ts";
import { cacheFolder } from "../../infra/images/cache-folder.ts";
import type { GuestLine } from "./guest/report.ts";
import { allowedOn, overBudget, readBudget } from "./instruction-budget.ts";
import { costsOf } from "./load-objects.ts";
import { inTurn, runGuest } from "./virtual-machine.ts";

/** tcx exists since 6.6. */
const HOOKS: Readonly<Record<Series, "tcx" | "clsact">> = { "6.1": "clsact", "6.12": "tcx" };

for (const series of Object.keys(SERIES) as Series[])
  describe(`Linux ${series}`, () => {
    const guest = inTurn(async () => runGuest(await guestKernel(series, cacheFolder(process.env))));
    let lines: GuestLine[];
    before(async () => {
      lines = await guest;
    });
    const line = <K extends GuestLine["kind"]>(kind: K): Extract<GuestLine, { kind: K }> | undefined =>
      lines.find((candidate): candidate is Extract<GuestLine, { kind: K }> => candidate.kind === kind);
    const objects = (conntrack: boolean): Extract<GuestLine, { kind: "objects" }> | undefined =>
      lines.find((candidate) => candidate.kind === "objects" && candidate.conntrack === conntrack) as ReturnType<typeof objects>;

    it("is what was booted, and everything was tried", () => {
      assert.ok(line("kernel")?.release.startsWith(`${series}.`));
      assert.equal(line("failure")?.message, undefined);
    });

    for (const [conntrack, gate] of [
      [true, "Conntrack"],
      [false, "HandshakeOnly"],
    ] as const)
      it(`takes every object ${conntrack ? "with" : "without"} conntrack, gate ${gate}`, () => {
        const found = objects(conntrack);
        assert.ok(found && found.objects.length > 0);
        assert.deepEqual(
          found.objects.flatMap(({ object, refusal }) => (refusal === undefined ? [] : `${object}: ${refusal}`)),
          [],
        );
        assert.equal(found.gate, gate);
      });

    it("takes every object within its budget of instructions", () => {
      assert.deepEqual(overBudget(allowedOn(readBudget(), series), costsOf(objects(true)?.objects ?? [])), []);
    });

    it(`carries packets on the fast path from ${HOOKS[series]}`, () => {
      assert.partialDeepStrictEqual(line("self-test"), { hook: HOOKS[series], outcome: "Passed" });
      assert.ok((line("self-test")?.fastLocal ?? 0) >= 2, "one datagram of each family was redirected");
    });
  });
