import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { alteredDefaults } from "./corpus/altered-defaults.ts";
import { foreignRules } from "./corpus/foreign-rules.ts";
import { foreignSoftware } from "./corpus/foreign-software.ts";
import { nftTables } from "./corpus/nft-tables.ts";
import { kubeProxyTablesOfNft } from "./corpus/kube-proxy-tables.ts";
import { nodeParts } from "./corpus/node-parts.ts";
import type { CorpusCase } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import type { DumpSource } from "./node-dumps.ts";
import { judgeScan } from "./scan-findings.ts";
import { knownWriters } from "./writer-catalogue.ts";

const allowList = loadAllowList(defaultAllowList);
const AKS_OWNERS = ["AKS node set-up", "AgentBaker", "Azure guest agent", "LocalDNS", "ip-masq-agent"];
const IMAGE = "202610.12.0";
const NONE = { Bypassed: 0, Unaffected: 0, Inert: 0, Owned: 0, Unknown: 0 };

const corpus: readonly CorpusCase[] = [
  ...alteredDefaults,
  ...nodeParts,
  ...kubeProxyTablesOfNft,
  ...foreignSoftware,
  ...nftTables,
  ...foreignRules,
];

describe("corpus", () => {
  test("at least 200 rule sets, each with a name of its own", () => {
    assert.ok(corpus.length >= 200, `${corpus.length} rule sets`);
    assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
  });
  test("0 are clean by mistake, and at most 1 % not clean by mistake", (context) => {
    const { harmful, harmless, falseClean, falseDirty } = countCorpus();
    context.diagnostic(
      `${corpus.length} rule sets in ${FORMATS.length} formats: ${harmful} offend and ${falseClean} of them are called clean; ${harmless} do not and ${falseDirty} of them are not called clean`,
    );
    assert.ok(harmful >= 100 && harmless >= 50, `${harmful} offend, ${harmless} do not`);
    assert.equal(falseClean, 0);
    assert.ok(falseDirty <= harmless / 100, `${falseDirty} of ${harmless}`);
  });
  test("every format and every known writer of rules is there", () => {
    const formats = new Set(corpus.flatMap(({ dumps }) => dumps.map(({ source }) => source)));
    assert.deepEqual(
      FORMATS.filter((format) => !formats.has(format)),
      [],
    );
    const writers = new Set(corpus.flatMap((one) => judge(one).findings.map(({ writer }) => writer)));
    assert.deepEqual(
      knownWriters.filter(({ id, verdict }) => verdict === "Block" && !writers.has(id)).map(({ id }) => id),
      [],
    );
  });
  for (const one of corpus) test(one.name, () => check(one));
});

const FORMATS: readonly DumpSource[] = ["iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "nft-json"];

function judge({ dumps, before = [], nodeImage = IMAGE }: CorpusCase) {
  const { seen } = judgeScan(before, allowList);
  return judgeScan(dumps, allowList, { nodeImage, expectedOwners: AKS_OWNERS, seenBefore: seen });
}

/** Rule sets that offend, and those that do not, with how many of each are taken for the other. One that cannot be judged counts as not clean. */
function countCorpus(): { harmful: number; harmless: number; falseClean: number; falseDirty: number } {
  const seen = corpus.map((one) => ({ expected: one.state, state: judge(one).state }));
  const [harmless, harmful] = [seen.filter(({ expected }) => expected === "Clean"), seen.filter(({ expected }) => expected !== "Clean")];
  return {
    harmful: harmful.length,
    harmless: harmless.length,
    falseClean: harmful.filter(({ state }) => state === "Clean").length,
    falseDirty: harmless.filter(({ state }) => state !== "Clean").length,
  };
}

function check(one: CorpusCase): void {
  const { state, classes, found = [], writer, missing } = one;
  const verdict = judge(one);
  const seen = JSON.stringify(verdict, null, 1);
  assert.equal(verdict.state, state, seen);
  if (classes !== undefined) assert.deepEqual(verdict.counts, { ...NONE, ...classes }, seen);
  for (const part of found)
    assert.ok(
      verdict.findings.some(({ rule }) => rule.includes(part)),
      `${part} is not in ${seen}`,
    );
  if (writer !== undefined)
    assert.ok(
      verdict.findings.some((finding) => finding.writer === writer),
      `${writer} is not in ${seen}`,
    );
  if (missing !== undefined)
    assert.deepEqual(
      verdict.missing?.map(({ entry, families }) => [entry, ...families].join(" ")),
      missing,
      seen,
    );
}
