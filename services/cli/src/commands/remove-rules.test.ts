import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, type RuleRemoval } from "@hostrouting/domain";
import { removeRulesCommand } from "./remove-rules.ts";

/** A node whose program ends so; what it was asked, what the command said, and its exit code. */
async function asked(
  end: { removal?: RuleRemoval; stdout?: string; stderr?: string; exitCode?: number },
  output: "table" | "json" = "table",
) {
  const calls: string[][] = [];
  const lines: string[] = [];
  const run = async (name: string, command: readonly string[]) => {
    calls.push([name, ...command]);
    return { stdout: JSON.stringify(end.removal), stderr: "", exitCode: 0, ...end };
  };
  const code = await removeRulesCommand("n1", { digest: "d1", output }, { run, say: (line) => lines.push(line) });
  return { calls, lines, code };
}
const CLEAN = { state: "Clean", digest: "c" } as const;
const DIRTY = { state: "Dirty", digest: "d2" } as const;

test("asks the program beside the agent, and says what became of each rule", async () => {
  const rules = [{ rule: "ip filter FORWARD: -A FORWARD -j DROP", outcome: "Removed", why: "" } as const];
  const { calls, lines, code } = await asked({ removal: { outcome: "Done", rules, now: CLEAN } });
  assert.deepEqual(calls, [["n1", "/usr/bin/node", "/app/services/node-agent/src/rules/removal/main.ts", "d1"]]);
  assert.deepEqual(lines, ["removed: ip filter FORWARD: -A FORWARD -j DROP", "n1: no rule is left that host routing would pass by."]);
  assert.equal(code, 0);
});

test("what is left is said, and is a failure", async () => {
  const rules = [
    { rule: "a", outcome: "Failed", why: "iptables-nft ended with code 1" } as const,
    { rule: "b", outcome: "NoCommand", why: "by hand" } as const,
  ];
  const { lines, code } = await asked({ removal: { outcome: "Done", rules, now: DIRTY } });
  assert.deepEqual(lines, ["failed: a: iptables-nft ended with code 1", "left: b: by hand", "n1: rules are Dirty now, digest d2."]);
  assert.equal(code, 5);
});

test("other rules than those of the digest are refused with the digest that they have", async () => {
  const { lines, code } = await asked({ removal: { outcome: "Refused", now: DIRTY } });
  assert.match(lines.join("\n"), /nothing was removed.*their digest is d2\.\n.*findings --node n1/);
  assert.equal(code, 2);
  const clean = await asked({ removal: { outcome: "Refused", now: CLEAN } });
  assert.match(clean.lines.join("\n"), /none of them offends\.$/);
});

test("gives the whole answer as JSON", async () => {
  const { lines } = await asked({ removal: { outcome: "Refused", now: DIRTY } }, "json");
  assert.deepEqual(JSON.parse(lines.join("")), { node: "n1", outcome: "Refused", now: DIRTY });
});

const ABORTED = [
  ...["", "", "#", "# Fatal error in , line 0", "# Check failed: a > b.", "#", "#FailureMessage Object: 0x7fff39773760"],
  ...["----- Native stack trace -----", "", " 1: 0x9dde61  [node]", " 2: 0x27b2103 V8_Fatal(char const*, ...) [node]", ""],
].join("\n");
const UNCAUGHT = [
  ...["node:internal/modules/esm/resolve:272", "    throw new ERR_MODULE_NOT_FOUND(", "          ^", ""],
  ...["Error [ERR_MODULE_NOT_FOUND]: No module a", "    at finalizeResolution (node:internal/modules/esm/resolve:272:11)", ""],
  ...["Node.js v24.21.0", ""],
].join("\n");

test("a program that fails is quoted, an answer that is none is refused", async () => {
  const said = (part: string) => (error: unknown) => error instanceof AppError && error.message.includes(part);
  await assert.rejects(asked({ stderr: "noise\nno rights\n", exitCode: 1 }), said("n1 could not remove rules: no rights"));
  await assert.rejects(asked({ exitCode: 137 }), said("n1 could not remove rules: its program ended by SIGKILL and said nothing"));
  await assert.rejects(asked({ stderr: "\n", exitCode: 3 }), said("its program ended with code 3 and said nothing"));
  await assert.rejects(asked({ stderr: ABORTED, exitCode: 133 }), said("ended by SIGTRAP: Fatal error in , line 0 Check failed: a > b."));
  await assert.rejects(
    asked({ stderr: UNCAUGHT, exitCode: 1 }),
    said("n1 could not remove rules: Error [ERR_MODULE_NOT_FOUND]: No module a"),
  );
  await assert.rejects(asked({ stdout: "<html>" }), said("no answer that can be read"));
});
