import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { holdsSlot, judgeAdmission, takesSlot, wantsSlot, type Admission, type AdmissionLimits, type Applicant } from "./admission.ts";
import { as, type Instant, type OperationId } from "./brand.ts";

const LIMITS: AdmissionLimits = { global: 3, subscription: 2, region: 2 };

const KINDS: Readonly<Record<string, Applicant["kind"]>> = { disable: "DisableHostRouting", upgrade: "UpgradeBundle" };
const CONTROLS: Readonly<Record<string, Applicant["control"]>> = {
  held: { pause: { reason: "Asked", message: "", by: "" } },
  rests: { rest: { since: as<Instant>(0), isOver: false } },
  asks: { rest: { since: as<Instant>(0), isOver: true } },
};

/** `s1 r1 Rolling`: the nth is the nth oldest. */
function applicants(...lines: readonly string[]): Applicant[] {
  return lines.map((line, at) => {
    const [subscription = "", region = "", phase = "", more = ""] = line.split(" ");
    return {
      id: as<OperationId>(`op-${at}`),
      kind: KINDS[more] ?? "EnableHostRouting",
      phase: phase as Applicant["phase"],
      error: undefined,
      cancelRequested: more === "cancel",
      control: CONTROLS[more] ?? {},
      startedAt: as<Instant>(at),
      subscription,
      region,
    };
  });
}

/** In the order of the lines; nothing for one that asks for no place. */
function judged(...lines: readonly string[]): (string | undefined)[] {
  const all = applicants(...lines);
  return all.map((each) => (wantsSlot(each) ? said(judgeAdmission(all, each.id, LIMITS)) : undefined));
}

function said(admission: Admission): string {
  return admission.kind === "Admitted" ? "in" : `${admission.position} ${admission.full.map(({ scope }) => scope).join("+")}`;
}

describe("places", () => {
  test("are given to the oldest first, up to each limit", () => {
    assert.deepEqual(judged("s1 r1 Accepted", "s1 r2 Accepted", "s1 r3 Accepted", "s2 r4 Accepted", "s3 r5 Accepted"), [
      "in",
      "in",
      "1 Subscription",
      "in",
      "2 Global",
    ]);
  });

  test("are held while nodes may move, also by what pauses, winds down or switches off", () => {
    assert.deepEqual(judged("s1 r1 Pausing", "s2 r2 Canceling", "s3 r3 Rolling disable", "s4 r4 Accepted"), [
      undefined,
      undefined,
      undefined,
      "1 Global",
    ]);
  });

  test("are free again when an operation is paused; whoever resumes asks anew, in its old turn", () => {
    assert.deepEqual(judged("s1 r1 Paused held", "s2 r2 Rolling", "s3 r3 Rolling", "s4 r4 Accepted"), [
      undefined,
      undefined,
      undefined,
      "in",
    ]);
    assert.deepEqual(judged("s1 r1 Paused", "s2 r2 Rolling", "s3 r3 Rolling", "s4 r4 Accepted"), ["in", undefined, undefined, "1 Global"]);
  });

  test("are free while an operation rests, which asks for none until it could go on, and then in its old turn", () => {
    assert.deepEqual(judged("s1 r1 Validating rests", "s2 r2 Rolling", "s3 r3 Rolling", "s4 r4 Accepted"), [
      undefined,
      undefined,
      undefined,
      "in",
    ]);
    assert.deepEqual(judged("s1 r1 Rolling asks", "s2 r2 Rolling", "s3 r3 Rolling", "s4 r4 Accepted"), [
      "in",
      undefined,
      undefined,
      "1 Global",
    ]);
  });

  test("are taken by whoever goes on with one, and not by what ends after a rest", () => {
    const [before] = applicants("s1 r1 Rolling asks");
    assert.ok(before);
    assert.equal(takesSlot(before, { ...before, control: {} }), true);
    assert.equal(takesSlot(before, before), false, "stays in the queue");
    assert.equal(takesSlot(before, { ...before, control: {}, phase: "Canceling" }), false, "is canceled");
    assert.equal(takesSlot(before, { ...before, control: {}, error: { code: "Timeout", message: "" } }), false, "fails");
  });

  test("are asked for by upgrades of the bundle too, which may begin in every cluster at once", () => {
    assert.deepEqual(judged("s1 r1 Accepted upgrade", "s1 r2 Accepted upgrade", "s1 r3 Accepted upgrade"), ["in", "in", "1 Subscription"]);
  });

  test("are never asked for by what switches off or is canceled", () => {
    assert.deepEqual(judged("s1 r1 Accepted disable", "s1 r1 Accepted cancel"), [undefined, undefined]);
  });

  test("of a region are kept for the oldest that waits for it, so that those who need less do not overtake it for ever", () => {
    // The second could have the subscription's place; the first waits for its region and needs that place too.
    assert.deepEqual(judged("s1 r1 Rolling", "s2 r1 Rolling", "s1 r1 Accepted", "s1 r2 Accepted"), [
      undefined,
      undefined,
      "1 Region",
      "2 Subscription",
    ]);
  });
});

const small = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const anArrival = fc.record({
  subscription: small(0, 3),
  region: small(0, 3),
  lasts: small(1, 5),
  rests: fc.array(small(0, 30), { maxLength: 3 }),
});
const someLimits = fc.record({ global: small(1, 5), subscription: small(1, 3), region: small(1, 3) });
/** `rests`: for how many turns people let it wait, each time that it has moved for one. */
type Running = Applicant & { readonly left: number; readonly rests: readonly number[] };

function assertWithin(running: readonly Running[], limits: AdmissionLimits): void {
  const most = (by: (each: Running) => string): number =>
    Math.max(0, ...[...Map.groupBy(running, by).values()].map((group) => group.length));
  assert.ok(running.length <= limits.global, "the whole");
  assert.ok(most(({ subscription }) => subscription) <= limits.subscription, "a subscription");
  assert.ok(most(({ region }) => region) <= limits.region, "a region");
}

/** A turn of an operation: one that holds a place moves, or begins to rest; one that rests waits until people let it go on. */
function turned(each: Running): Running {
  const [waits = 0, ...rests] = each.rests;
  const { rest } = each.control;
  if (rest?.isOver === false)
    return waits > 0 ? { ...each, rests: [waits - 1, ...rests] } : { ...each, rests, control: { rest: { ...rest, isOver: true } } };
  if (!holdsSlot(each)) return each;
  return { ...each, left: each.left - 1, control: each.rests.length > 0 ? { rest: { since: as<Instant>(0), isOver: false } } : {} };
}

test("whatever comes and however long it rests, limits hold and everybody gets a turn", () => {
  fc.assert(
    fc.property(fc.array(anArrival, { maxLength: 40 }), someLimits, (arrivals, limits) => {
      const lines = arrivals.map(({ subscription, region }) => `s${subscription} r${region} Accepted`);
      const coming = applicants(...lines).map((each, at): Running => {
        const { lasts = 1, rests = [] } = arrivals[at] ?? {};
        return { ...each, left: lasts + rests.length, rests };
      });
      let all: Running[] = [];
      // Two turns for each round that somebody runs are more than it takes when they go one by one, and all rests may end at the same time.
      for (let turn = 0; turn < 16 * arrivals.length + 110; turn += 1) {
        all.push(...coming.splice(0, 1));
        const seen = all;
        all = all.map((each) =>
          wantsSlot(each) && judgeAdmission(seen, each.id, limits).kind === "Admitted" ? { ...each, phase: "Rolling", control: {} } : each,
        );
        assertWithin(all.filter(holdsSlot), limits);
        all = all.map(turned).filter(({ left }) => left > 0);
      }
      assert.equal(all.length, 0, "somebody never got a turn");
    }),
  );
});

test("an operation that rests for ever keeps nobody from going on", () => {
  fc.assert(
    fc.property(fc.array(anArrival, { minLength: 1, maxLength: 20 }), (arrivals) => {
      const resting = applicants(...arrivals.map(({ subscription, region }) => `s${subscription} r${region} Validating rests`));
      const last = { ...applicants("s0 r0 Accepted")[0], id: as<OperationId>("last"), startedAt: as<Instant>(1_000) } as Applicant;
      assert.deepEqual(judgeAdmission([...resting, last], last.id, { global: 1, subscription: 1, region: 1 }), { kind: "Admitted" });
    }),
  );
});
