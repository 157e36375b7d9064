import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { loadAllowList } from "./allow-list.ts";
import { aksDefaultRules } from "./corpus/aks-default-rules.ts";
import { aksDumps } from "./corpus/altered-defaults.ts";
import { dump, saved } from "./corpus/corpus-case.ts";
import { kubeProxyTables, KUBE_PROXY_RULES } from "./corpus/node-parts.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import type { Dump, DumpSource } from "./node-dumps.ts";
import { judgeScan } from "./scan-findings.ts";

const allowList = loadAllowList(defaultAllowList);
const SOURCES: readonly DumpSource[] = [
  "iptables-legacy-save",
  "ip6tables-legacy-save",
  "iptables-nft-save",
  "ip6tables-nft-save",
  "nft-json",
  "ebtables-nft-save",
  "arptables-nft-save",
];

/** Lines that are nearly right find more than any text does. */
const piece = fc.constantFrom(
  "*filter",
  ":FORWARD ACCEPT [0:0]",
  ":A - [0:0]",
  "-A FORWARD",
  "-j DROP",
  "!",
  "-s",
  '"',
  "\\",
  "COMMIT",
  "# x",
  "\n",
  " ",
  "[1:2]",
  "{",
  "--",
);
const nearly = fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }).map((pieces) => pieces.join(" "));
const nearlyNft = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify({ nftables: Array.isArray(value) ? value : [value] }));
const text = fc.oneof(fc.string({ maxLength: 200 }), nearly, nearlyNft);

/** Objects of nft with fields of random kinds, behind a chain that holds. */
const kind = fc.constantFrom("table", "chain", "rule", "set", "map", "flowtable", "counter", "x");
const fields = fc.record(
  {
    family: fc.oneof(fc.constant("ip"), fc.jsonValue({ maxDepth: 1 })),
    table: fc.oneof(fc.constant("t"), fc.jsonValue({ maxDepth: 1 })),
    chain: fc.oneof(fc.constant("c"), fc.jsonValue({ maxDepth: 1 })),
    name: fc.oneof(fc.constant("n"), fc.jsonValue({ maxDepth: 1 })),
    expr: fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(fc.dictionary(fc.constantFrom("match", "vmap", "jump", "xt", "drop", "set"), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 1 })),
    ),
    elem: fc.jsonValue({ maxDepth: 2 }),
    map: fc.constantFrom("verdict", "mark"),
    hook: fc.oneof(fc.constant("forward"), fc.jsonValue({ maxDepth: 1 })),
  },
  { requiredKeys: [] },
);
const BEFORE = [{ table: { family: "ip", name: "t" } }, { chain: { family: "ip", table: "t", name: "c", hook: "forward" } }];
const objects = fc
  .array(fc.tuple(kind, fields), { maxLength: 5 })
  .map((list) => [...BEFORE, ...list.map(([name, value]) => ({ [name]: value }))]);

describe("random texts", () => {
  for (const source of SOURCES)
    test(`${source}: a text is read or it is not, and nothing is thrown`, () =>
      fc.assert(
        fc.property(text, (one) => {
          const { state, unread } = judgeScan([{ source, text: one }], allowList);
          // Either all of it was read, or the node is not called clean.
          assert.ok(state !== "Clean" || unread.length === 0);
        }),
        { numRuns: 300 },
      ));

  test("nft-json: objects with any fields", () =>
    fc.assert(
      fc.property(objects, (list) => {
        const { state } = judgeScan([{ source: "nft-json", text: JSON.stringify({ nftables: list }) }], allowList);
        assert.match(state, /^(Clean|Dirty|Unknown)$/);
      }),
      { numRuns: 500 },
    ));
});

const CLEAN: readonly (readonly Dump[])[] = [
  aksDumps(aksDefaultRules),
  [dump(kubeProxyTables)],
  [dump({})],
  [dump({ filter: ["-A FORWARD -j ACCEPT"] })],
];

const address = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 32 })).map(([a, b, length]) => `10.${a}.${b}.0/${length}`);
const remark = fc.constantFrom("cilium: any", "kubernetes forwarding rules", "AKS managed: x", 'a \\"b\\"', "-j ACCEPT", "");
const extra = fc
  .record({
    source: fc.option(address),
    port: fc.option(fc.nat(65_535)),
    remark: fc.option(remark),
    device: fc.option(fc.constantFrom("eth0", "lxc+")),
  })
  .map((one) =>
    [
      "-A FORWARD",
      one.source === null ? "" : `-s ${one.source}`,
      one.device === null ? "" : `-i ${one.device}`,
      one.port === null ? "" : `-p tcp -m tcp --dport ${one.port}`,
      one.remark === null ? "" : `-m comment --comment "${one.remark}"`,
      "-j DROP",
    ]
      .filter((part) => part !== "")
      .join(" "),
  );

describe("one rule more", () => {
  test("the nodes are clean without it", () => {
    for (const dumps of CLEAN) assert.equal(judgeScan(dumps, allowList).state, "Clean");
  });

  test("a drop in FORWARD makes any node dirty, wherever it stands", () =>
    fc.assert(
      fc.property(fc.constantFrom(...CLEAN), extra, fc.boolean(), (dumps, rule, first) => {
        const [one, ...others] = dumps;
        assert.ok(one !== undefined && "text" in one);
        const more = withRule(one.text, rule, first);
        const verdict = judgeScan([{ ...one, text: more }, ...others], allowList);
        assert.equal(verdict.state, "Dirty", more);
        assert.ok(
          verdict.findings.some((finding) => finding.rule === rule),
          rule,
        );
      }),
      { numRuns: 200 },
    ));
});

/** Puts a rule in front of all others of the table filter, or behind them. */
function withRule(saves: string, rule: string, first: boolean): string {
  const filter = saves.includes("*filter") ? saves : `${saves}${saved({ filter: [] })}`;
  const start = filter.indexOf("*filter");
  const firstRule = filter.indexOf("\n-A ", start);
  const end = filter.indexOf("\nCOMMIT", start);
  const at = first && firstRule >= 0 && firstRule < end ? firstRule : end;
  return `${filter.slice(0, at)}\n${rule}${filter.slice(at)}`;
}

test("10,000 rules of Services are judged, and the one among them that is nobody's is found", () => {
  const services = Array.from({ length: 10_000 }, (_, index) => {
    const hash = index.toString(36).toUpperCase().padStart(16, "A");
    return `-A KUBE-SEP-${hash} -p tcp -m comment --comment "shop/cart-${index}:http" -m tcp -j DNAT --to-destination 10.244.${index >> 8}.${index & 255}:8080`;
  });
  const foreign = "-A FORWARD -s 10.9.0.1/32 -j DROP";
  const tables = {
    ...kubeProxyTables,
    filter: [...(kubeProxyTables["filter"] ?? []), foreign],
    nat: [...(kubeProxyTables["nat"] ?? []), ...services],
  };
  const { counts, findings } = judgeScan([dump(tables)], allowList);
  assert.deepEqual(counts, { Bypassed: 1, Unaffected: 0, Inert: 0, Owned: KUBE_PROXY_RULES + 10_000, Unknown: 0 });
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    [foreign],
  );
});
