/** Leads the guard of the network namespace that it is in, as an agent does whose kernel lets nobody refuse. Attempts and answers are lines of JSON. */
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { bootTimeNs } from "../../services/node-agent/src/guard/boot-time.ts";
import type { Attempt } from "../../services/node-agent/src/guard/guard-layout.ts";
import { describeMessage } from "../../services/node-agent/src/guard/nft-message.ts";
import { NodeGuard } from "../../services/node-agent/src/guard/node-guard.ts";
import type { AuditSetting } from "./guard-audit.ts";

const ATTEND_MS = 20;
const [given = "{}"] = process.argv.slice(2);
const { objects, pinRoot, permitted, scoped, scopes } = JSON.parse(given) as AuditSetting;

const say = (line: object): void =>
  void process.stdout.write(`${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? String(value) : value))}\n`);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const onAttempt = ({ message, ...attempt }: Attempt): void => {
  const { kind, verdict, why, command, parentCommand, executableName, cgroupName, pid, messageType } = attempt;
  const text = describeMessage(kind, messageType, message);
  say({ attempt: { kind, verdict, why, command, parentCommand, executableName, cgroupName, pid, text } });
};

const namespace = statSync("/proc/self/ns/net").ino;
const guard = new NodeGuard({
  pinRoot,
  version: "test",
  objects,
  namespace,
  bootTimeNs,
  now: () => Date.now(),
  logger: quiet,
  onAttempt,
  onTampered: () => undefined,
});
const permit = { permitted: true, needsExecutable: false };
guard.reconcile({ kind: "on", mode: "Enforce", auditUntil: undefined });
guard.setWriters({
  permits: new Map([
    [BigInt(permitted), { ...permit, scope: 0 }],
    [BigInt(scoped), { ...permit, scope: 1 }],
  ]),
  scopes,
});
guard.beat();
setInterval(() => guard.attend(), ATTEND_MS);
say({ observed: guard.observe() });
createInterface({ input: process.stdin })
  .on("line", () => say({ observed: guard.observe() }))
  .on("close", () => process.exit(0));
