import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { alteredDefaults } from "./corpus/altered-defaults.ts";
import { foreignRules } from "./corpus/foreign-rules.ts";
import { foreignSoftware } from "./corpus/foreign-software.ts";
import { nftTables } from "./corpus/nft-tables.ts";
import { nodeParts } from "./corpus/node-parts.ts";
import type { CorpusCase } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import { judgeScan } from "./scan-findings.ts";

const allowList = loadAllowList(defaultAllowList);
const AKS_OWNERS = ["AKS node set-up", "AgentBaker", "Azure guest agent", "LocalDNS", "ip-masq-agent"];
const NONE = { Bypassed: 0, Unaffected: 0, Inert: 0, Owned: 0, Unknown: 0 };

const corpus: readonly CorpusCase[] = [...alteredDefaults, ...nodeParts, ...foreignSoftware, ...nftTables, ...foreignRules];

describe("corpus", () => {
  test("at least 200 rule sets, each with a name of its own", () => {
    assert.ok(corpus.length >= 200, `${corpus.length} rule sets`);
    assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
  });
  for (const one of corpus) test(one.name, () => check(one));
});

function check({ dumps, state, classes, found = [], writer, missing }: CorpusCase): void {
  const verdict = judgeScan(dumps, allowList, { expectedOwners: AKS_OWNERS });
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
      verdict.missing.map(({ entry }) => entry),
      missing,
      seen,
    );
}
