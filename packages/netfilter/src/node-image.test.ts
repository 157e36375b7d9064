import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAllowList, retiredEntries } from "./allow-list.ts";
import { dump } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import { nodeImageOf } from "./node-image.ts";
import { judgeScan } from "./scan-findings.ts";

const allowList = loadAllowList(defaultAllowList);

const LABELS: readonly (readonly [label: string | undefined, version: string | undefined])[] = [
  ["AKSUbuntu-2204gen2containerd-202610.12.0", "202610.12.0"],
  ["AKSUbuntu-2404gen2fipscontainerd-202605.01.1", "202605.01.1"],
  ["AKSAzureLinux-V3gen2-202610.12.0", "202610.12.0"],
  ["AKSCBLMariner-V2gen2-202406.27.0", "202406.27.0"],
  ["AKSWindows-2022-containerd-20348.2655.240905", undefined],
  ["AKSUbuntu-2404gen2containerd-latest", undefined],
  ["mine-202610.12.0", undefined],
  ["", undefined],
  [undefined, undefined],
];
for (const [label, version] of LABELS)
  test(`the image of a node labelled ${label} is ${version ?? "not known"}`, () => assert.equal(nodeImageOf(label)?.version, version));

const REPLIES = dump({ raw: ["-A OUTPUT -s 169.254.10.10/32 -p udp -m udp --sport 53 -j NOTRACK"] });

test("rules that only some images write are known on those, and on an image that is not known", () => {
  const owned = (label: string | undefined): number => {
    const image = nodeImageOf(label);
    return judgeScan([REPLIES], allowList, image === undefined ? {} : { nodeImage: image.version }).counts.Owned;
  };
  const of = (version: string): string => `AKSUbuntu-2204gen2containerd-${version}`;
  assert.deepEqual([of("202607.20.0"), of("202608.20.0"), of("202610.12.0"), undefined].map(owned), [0, 1, 0, 1]);
});

test("no entry of the list is past its day today", () => {
  const today = new Date().toISOString().slice(0, 10);
  assert.deepEqual(
    retiredEntries(allowList, today).map(({ id, retireAfter }) => `${id}, since ${retireAfter}: take it out of the list`),
    [],
  );
  assert.ok(retiredEntries(allowList, "2099-01-01").length > 0);
});
