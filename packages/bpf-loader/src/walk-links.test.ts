import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { walkLinks, type LinkSight } from "./walk-links.ts";

/** One id's sights by look: what the kernel says the first time, the second time …; the last stays. */
type Sights = readonly LinkSight<string>["kind"][];

function walk(kernel: Readonly<Record<number, Sights>>): { links: readonly string[] | undefined; looks: Record<number, number> } {
  const ids = Object.keys(kernel).map(Number);
  const looks: Record<number, number> = {};
  const links = walkLinks<string>({
    next: (after) => ids.find((id) => id > after),
    look: (id) => {
      const count = (looks[id] = (looks[id] ?? 0) + 1);
      const kind = kernel[id]?.[count - 1] ?? kernel[id]?.at(-1) ?? "Gone";
      return kind === "Seen" ? { kind, link: `link ${id}` } : { kind };
    },
  });
  return { links, looks };
}

describe("the walk through the kernel's links", () => {
  it("shows none where there are none", () => assert.deepEqual(walk({}), { links: [], looks: {} }));
  it("leaves out one that goes away meanwhile", () =>
    assert.deepEqual(walk({ 3: ["Seen"], 5: ["Gone"], 9: ["Seen"] }).links, ["link 3", "link 9"]));
  it("shows one that was being attached in its place, looked at again after the others", () =>
    assert.deepEqual(walk({ 3: ["Unsettled", "Unsettled", "Seen"], 5: ["Seen"] }), {
      links: ["link 3", "link 5"],
      looks: { 3: 3, 5: 1 },
    }));
  it("leaves out one whose attachment failed", () =>
    assert.deepEqual(walk({ 3: ["Unsettled", "Gone"], 5: ["Seen"] }), { links: ["link 5"], looks: { 3: 2, 5: 1 } }));
  it("ends while one is attached for long, and leaves it out", () => {
    const { links, looks } = walk({ 3: ["Unsettled"], 5: ["Seen"] });
    assert.deepEqual(links, ["link 5"]);
    assert.ok((looks[3] ?? 0) > 10);
  });
  it("ends where the kernel names no end", () =>
    assert.equal(walkLinks<string>({ next: (after) => after + 1, look: () => ({ kind: "Gone" }) }), undefined));
});
