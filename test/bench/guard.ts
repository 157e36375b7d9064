/**
 * `npm run bench:guard`: what the guard's walk over a netlink batch costs whoever sends one, natively, as a program that the kernel runs
 * over memory of its own; and what the program costs that tells where nobody can refuse. Needs root. Prints each figure and its share of what is allowed; exits 1 when one is above. Writes
 * docs/benchmarks/guard.md.
 */
import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import path from "node:path";
import { BpfObject, encodeMessage, textAttribute } from "@hostrouting/bpf-loader";
import { encodeScope, encodeSettings } from "../../services/node-agent/src/guard/guard-layout.ts";
import { compileObject } from "../netns/loader/compiled-object.ts";
import { spreadOf, type Spread } from "./datapath/statistics.ts";
import { measureSystemCalls, type CallCost } from "./system-calls.ts";

const PAGE = path.join(import.meta.dirname, "../../docs/benchmarks/guard.md");
const FIRST = Buffer.alloc(4);
const BATCH_BYTES = 1 << 20;
/** struct walk_context of test/netns/loader/guard_walk.bpf.c */
const CONTEXT_BYTES = 32;
const TOOK_AT = 24;
const SHORT_RUNS = 2001;
const LONG_RUNS = 101;
const [NFT_RULE, NFT_CHAIN, NFT_GET_RULE] = [6, 3, 7];

type Case = { readonly what: string; readonly batch: Buffer; readonly scope?: number; readonly runs: number; readonly boundNs: number };
type Found = Case & { readonly ns: Spread };

function message(type: number, ...attributes: Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.from([2, 0, 0, 0]), ...attributes]);
  return encodeMessage({ type: (10 << 8) | type, flags: 0, sequence: 0, payload });
}

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

const rule = message(NFT_RULE, textAttribute(1, "nat"), textAttribute(2, "IP-MASQ-AGENT"));
const chain = message(NFT_CHAIN, textAttribute(1, "nat"), textAttribute(3, "IP-MASQ-AGENT"));
const CASES: readonly Case[] = [
  { what: "one message that writes no rule", batch: message(NFT_GET_RULE), runs: SHORT_RUNS, boundNs: 1000 },
  { what: "one rule", batch: rule, runs: SHORT_RUNS, boundNs: 1000 },
  { what: "20,000 messages that write no rule", batch: times(20_000, message(NFT_GET_RULE)), runs: LONG_RUNS, boundNs: 5_000_000 },
  { what: "10,000 chains, whose policies are looked for", batch: times(10_000, chain), runs: LONG_RUNS, boundNs: 5_000_000 },
  {
    what: "10,000 rules of a writer within its scope",
    batch: times(10_000, rule),
    scope: 1,
    runs: LONG_RUNS,
    boundNs: 5_000_000,
  },
];

function measure(object: BpfObject, { batch, scope = 0, runs }: Case): Spread {
  object.map("gd_batch").update(FIRST, Buffer.concat([batch, Buffer.alloc(BATCH_BYTES - batch.length)]));
  const program = object.program("walk_batch");
  const took = Array.from({ length: runs }, () => {
    const context = Buffer.alloc(CONTEXT_BYTES);
    context.writeUInt32LE(batch.length, 0);
    context.writeUInt32LE(scope, 4);
    program.runSyscall(context);
    return Number(context.readBigUInt64LE(TOOK_AT));
  });
  return spreadOf(took);
}

function line({ what, ns, boundNs }: Found): string {
  const verdict = ns.median <= boundNs ? "held" : "MISSED";
  return `| ${what} | ${shown(ns.median)} | ${shown(ns.low)} to ${shown(ns.high)} | ${shown(boundNs)} | ${(ns.median / boundNs).toFixed(3)} | ${verdict} |`;
}

function shown(ns: number): string {
  return ns < 10_000 ? `${Math.round(ns)} ns` : `${(ns / 1e6).toFixed(3)} ms`;
}

function callLine({ what, without, added, boundNs }: CallCost): string {
  const verdict = added.median <= boundNs ? "held" : "MISSED";
  return `| ${what} | ${shown(without.median)} | ${shown(added.median)} | ${shown(added.low)} to ${shown(added.high)} | ${shown(boundNs)} | ${verdict} |`;
}

const compiled = compileObject("guard_walk");
try {
  const object = BpfObject.load(compiled.file);
  object.map("gd_settings").update(FIRST, encodeSettings({ mode: "Enforce", strict: false, auditUntilNs: 0n, heartbeatNs: 0n }));
  object.map("gd_scopes").update(encodeScope({ scope: 1, family: 2, table: "nat", chain: "IP-MASQ-AGENT" }), FIRST);
  const found = CASES.map((each): Found => ({ ...each, ns: measure(object, each) }));
  object.close();
  const calls = measureSystemCalls();
  const rows = found.map(line);
  const callRows = calls.map(callLine);
  process.stdout.write(`${[...rows, ...callRows].join("\n")}\n`);
  const head = "| What is walked over | Median | Quartiles | Allowed | Share of it | |\n| --- | --- | --- | --- | --- | --- |";
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Linux ${release()}, Node ${process.version}`;
  const when = new Date().toISOString().slice(0, 10);
  const text = [
    "# What the guard costs",
    "",
    "Whoever sends to nf_tables waits for the guard's walk over the batch. It runs on no packet's way and for no other socket: others leave after two comparisons.",
    "",
    `\`npm run bench:guard\`, ${when}, ${machine}. Time within the kernel, the clock's own cost included.`,
    "",
    head,
    ...rows,
    "",
    "## Where the kernel lets nobody refuse",
    "",
    "There a program runs on every system call of every process while the guard is attached (DECISIONS 80). Each kind of call is measured without it and with it, in turns; on a node there is one such program, in a lab one for each node of namespaces.",
    "",
    "| System call | Takes | Longer by | Quartiles | Allowed | |\n| --- | --- | --- | --- | --- | --- |",
    ...callRows,
    "",
  ];
  writeFileSync(PAGE, text.join("\n"));
  const isMissed = found.some(({ ns, boundNs }) => ns.median > boundNs) || calls.some(({ added, boundNs }) => added.median > boundNs);
  if (isMissed) process.exitCode = 1;
} finally {
  compiled.remove();
}
