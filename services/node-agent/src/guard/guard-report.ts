import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { ScanVerdict } from "@hostrouting/netfilter";
import type { Condition } from "../report/conditions.ts";
import { totalOf } from "./guard-layout.ts";
import type { GuardObservation, Tampering } from "./node-guard.ts";

type Undated = Omit<Condition, "lastTransitionTime">;

/** A removal of pins is told of for so long. */
const TAMPERED_MS = 60 * 60_000;
const MESSAGE_CHARACTERS_MAX = 1024;

/** `status.guard`: what the kernel shows. */
export function guardStatus(shown: GuardObservation): NonNullable<HostRoutingNodeStatus["guard"]> {
  const { rung, mode, counters, auditUntilMs } = shown;
  return {
    rung,
    mode,
    ...(counters && {
      blocked: totalOf(counters, "Denied"),
      audited: totalOf(counters, "Audited"),
      allowed: totalOf(counters, "Permitted"),
      lost: counters.lost,
    }),
    ...(auditUntilMs !== undefined && { auditUntil: wholeMinute(auditUntilMs) }),
    message: guardCondition(shown).message.slice(0, MESSAGE_CHARACTERS_MAX),
  };
}

/** `GuardActive`: whether a rule that pods' packets would pass by would be refused now. Its reason names the rung where it would. */
export function guardCondition({ rung, mode, trial, fault, auditUntilMs, attachedAt }: GuardObservation): Undated {
  const say = (status: Undated["status"], reason: string, message: string): Undated => ({ type: "GuardActive", status, reason, message });
  if (fault !== undefined) return say("Unknown", "Fault", `The guard cannot be brought to what is wished: ${fault}`);
  if (rung === "Audit")
    return say("False", "Audit", `This kernel lets nobody refuse packet filter rules. ${auditMessage(attachedAt, trial)}`);
  if (attachedAt === undefined) return say("False", "Off", "The guard is not attached, since host routing is off here.");
  if (trial?.outcome === "Failed") return say("False", "TrialFailed", trial.message);
  if (trial?.outcome === "Unknown") return say("Unknown", "TrialUnknown", trial.message);
  if (auditUntilMs !== undefined)
    return say("False", "BreakGlass", `Nothing is refused until ${wholeMinute(auditUntilMs)}, as HostRoutingConfig/default asks for.`);
  if (mode !== "Enforce" && mode !== "Strict")
    return say("False", "AuditOnly", "The guard is attached and tells of rules; it refuses none yet.");
  const refused =
    mode === "Strict"
      ? "Packet filter rules, and new tables and sets of nf_tables"
      : "Packet filter rules that pods' packets would pass by";
  return say("True", rung, `${refused} are refused. ${trial?.message ?? ""}`.trim());
}

/** What is done where nothing can be refused. */
function auditMessage(attachedAt: number | undefined, trial: GuardObservation["trial"]): string {
  if (trial !== undefined && trial.outcome !== "Passed") return `They are told of when a scan finds them: ${trial.message}`;
  if (attachedAt === undefined) return "Nothing tells of their being written, since host routing or the guard is off here.";
  return "Whoever writes one is told of with an Event AuditedIPTablesRule, and not refused.";
}

/** `RulesClean`: what the last scan found; absent before the first. */
export function rulesCondition(verdict: Pick<ScanVerdict, "state">, message: string): Undated {
  const status = { Clean: "True", Dirty: "False", Unknown: "Unknown" } as const;
  const said = verdict.state === "Clean" ? "No packet filter rule would be passed by." : message;
  return { type: "RulesClean", status: status[verdict.state], reason: verdict.state, message: said };
}

/** What somebody did to the guard, and what it meant. */
export function whatWasDone({ pins, tables }: Pick<Tampering, "pins" | "tables">): string {
  return pins.length > 0
    ? `Somebody removed ${pins.join(", ")} below /sys/fs/bpf. The guard refused rules all the time, and makes its pins again.`
    : `Somebody else wrote into ${tables.join(", ")}, tables of the guard. They were put right within seconds; until then rules may have been let through.`;
}

/** `BlockerTampered`: whether somebody removed pins or wrote tables within the last hour. Absent while the guard is off, and where it has no pins and nothing happened. */
export function tamperedCondition({ rung, tampered, attachedAt }: GuardObservation, now: number): Undated[] {
  if (attachedAt === undefined || (rung === "Audit" && tampered === undefined)) return [];
  const recent = tampered && now - tampered.atMs < TAMPERED_MS;
  return [
    recent
      ? {
          type: "BlockerTampered",
          status: "True",
          reason: tampered.pins.length > 0 ? "PinsRemoved" : "TablesWritten",
          message: `${whatWasDone(tampered)} It was noticed at ${new Date(tampered.atMs).toISOString()}: find out who has access to /sys/fs/bpf on this node.`,
        }
      : { type: "BlockerTampered", status: "False", reason: "PinsInPlace", message: "" },
  ];
}

/** A break-glass's end is reckoned anew in each report; its seconds would make each one another. */
function wholeMinute(ms: number): string {
  return new Date(Math.round(ms / 60_000) * 60_000).toISOString();
}
