import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readNetfilterLinks, type LinkReadings } from "./netfilter-links.ts";

const OWN = 4026531840;
const link = (id: number) => ({ id, programId: id, programName: `p${id}`, protocol: 2, hook: 2, priority: 0 });
const read = (changes: Partial<LinkReadings>): unknown => {
  const dump = readNetfilterLinks({
    links: () => [link(1), link(2), link(3), link(4)],
    namespaces: () => new Map(),
    own: () => OWN,
    ...changes,
  });
  return "failed" in dump ? dump.failed : (JSON.parse(dump.text) as { link: number }[]).map(({ link: id }) => id);
};
const fail = (): never => {
  throw new Error("EPERM");
};

describe("links of netfilter programs", () => {
  it("are those of the node's namespace, and those of which nobody tells", () => {
    assert.deepEqual(
      read({
        namespaces: () =>
          new Map([
            [1, OWN],
            [2, OWN + 5],
            [3, 0],
          ]),
      }),
      [1, 4],
    );
  });
  it("are all of the machine's where the kernel does not let us look", () => assert.deepEqual(read({ namespaces: fail }), [1, 2, 3, 4]));
  it("are not those that ended while they were looked at", () => {
    const looks = [
      [link(1), link(2)],
      [link(2), link(3)],
    ];
    assert.deepEqual(read({ links: () => looks.shift() ?? [] }), [2]);
  });
  it("need no look at namespaces when there are none", () => assert.deepEqual(read({ links: () => [], namespaces: fail, own: fail }), []));
  it("that cannot be listed are unknown", () => assert.equal(read({ links: fail }), "EPERM"));
});
