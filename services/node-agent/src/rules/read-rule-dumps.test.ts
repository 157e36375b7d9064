import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList, type DumpSource } from "@hostrouting/netfilter";
import { readLegacyDumps, readNftDumps } from "./read-rule-dumps.ts";
import { rulesPrecondition } from "./rules-precondition.ts";

const allowList = loadAllowList(defaultAllowList);
const folder = mkdtempSync(join(tmpdir(), "rule-tools-"));
after(() => rmSync(folder, { recursive: true }));
let tools = 0;

/** A tool that does what a shell script says. */
function tool(script: string, mode = 0o755): [string] {
  const file = join(folder, `tool-${tools++}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, mode);
  return [file];
}

/** Enough for any of them on a busy machine, but for those that are meant to be given up. */
const LIMITS = { timeoutMs: 20_000, bytesMax: 64 * 1024 };
const GIVEN_UP = { ...LIMITS, timeoutMs: 200 };
const FILTER = String.raw`*filter\n:FORWARD ACCEPT [0:0]\n`;
/** What printf makes a whole table of. */
const table = (rule: string): string => String.raw`printf '${FILTER}${rule}\nCOMMIT\n'`;

async function judged(command: readonly [string], source: DumpSource = "iptables-nft-save", limits = LIMITS) {
  const verdict = judgeScan(await readNftDumps([{ source, command }], limits), allowList);
  return { verdict, message: rulesPrecondition(verdict).message };
}

describe("a tool", () => {
  const bad: [what: string, command: () => readonly [string], source: DumpSource, why: RegExp][] = [
    ["that is missing", () => [join(folder, "none")], "nft-json", /none is not there\./],
    ["that cannot be run", () => tool("", 0o644), "nft-json", /cannot be started: spawn .* EACCES\./],
    ["that fails", () => tool("echo 'nft: Protocol wrong type' >&2; exit 3"), "nft-json", /ended with code 3: nft: Protocol wrong type\./],
    ["that fails behind a whole text", () => tool(`${table("")}; exit 1`), "iptables-nft-save", /ended with code 1\./],
    ["that is killed", () => tool("kill -9 $$"), "nft-json", /ended by SIGKILL\./],
    [
      "that hangs and minds no signal",
      () => tool("trap '' TERM INT; while :; do sleep 1; done"),
      "nft-json",
      /did not end within 0\.2 s\./,
    ],
    ["that leaves somebody behind with its output", () => tool("sleep 5 &"), "nft-json", /did not end within 0\.2 s\./],
    ["without an end", () => tool("while :; do echo x; done"), "nft-json", /printed more than 65536 bytes\./],
    ["that prints garbage", () => tool("echo what is this"), "iptables-nft-save", /line 1: .*stands outside of a table/],
    ["that prints nothing, where JSON is due", () => tool(""), "nft-json", /it is not JSON/],
    ["that was cut off", () => tool(`printf '${FILTER}-A FORWARD'`), "iptables-nft-save", /the text ends inside of table|does not/],
    [
      "of an unknown version",
      () => tool(`echo '{"nftables":[{"metainfo":{"json_schema_version":2}}]}'`),
      "nft-json",
      /version 2 is not known/,
    ],
    ["with an unknown object", () => tool(`echo '{"nftables":[{"wormhole":{}}]}'`), "nft-json", /"wormhole" are not known/],
    ["that complains with terminal escapes", () => tool(String.raw`printf '\033[2Jgone' >&2; exit 1`), "nft-json", /\\u\{1b\}\[2Jgone/],
  ];
  for (const [what, command, source, why] of bad)
    it(`${what} leaves the node Unknown, and says why`, async () => {
      const { verdict, message } = await judged(command(), source, why.source.includes("did not end") ? GIVEN_UP : LIMITS);
      assert.equal(verdict.state, "Unknown");
      assert.match(message, why);
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
    });

  const rules: [what: string, rule: string, shown: RegExp, removable: boolean][] = [
    ["bytes that are no UTF-8", String.raw`-A FORWARD -m comment --comment "\377\376" -j DROP`, /--comment "\uFFFD\uFFFD" -j DROP/, false],
    ["terminal escapes", String.raw`-A FORWARD -m comment --comment "\033[2J" -j DROP`, /--comment "\\u\{1b\}\[2J" -j DROP/, false],
    ["a comment of 4 KiB", `-A FORWARD -m comment --comment "${"x".repeat(4096)}" -j DROP`, /--comment "x{70,}…/, true],
  ];
  for (const [what, rule, shown, removable] of rules)
    it(`shows a rule with ${what}, escaped and in bounds`, async () => {
      const { verdict, message } = await judged(tool(table(rule)));
      const [finding] = verdict.findings;
      assert.equal(verdict.state, "Dirty");
      assert.match(message, shown);
      assert.ok(message.length <= 1024);
      assert.equal(finding?.removal !== undefined, removable);
    });
});

describe("the older backend", () => {
  const command = tool(table("-A FORWARD -j DROP"));
  const names = (text: string): string => {
    const file = join(folder, `names-${tools++}`);
    writeFileSync(file, text);
    return file;
  };
  const read = (tables: string) => readLegacyDumps([{ source: "iptables-legacy-save", command, tables }], LIMITS);
  it("is not asked where it has no tables, since that would make it some", async () => {
    assert.deepEqual(await read(join(folder, "none")), []);
    assert.deepEqual(await read(names("")), []);
    assert.equal((await read(names("filter\n"))).length, 1);
  });
  it("is unknown where its tables' names cannot be read", async () => {
    const [dump] = await read(folder);
    assert.ok(dump && "failed" in dump && /EISDIR/.test(dump.failed));
  });
});
