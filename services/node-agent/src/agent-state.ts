import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Why a switch that was ordered is not carried out again: only a new generation lifts it. */
export type Revocation = { generation: number; reason: "ConfirmMissed" | "EmergencyOff" };

/** What outlives the agent's process, though not the boot: the highest order that it accepted, and the last one revoked. */
export type AgentState = { fencingToken: number; generation: number; nodeUid: string; revoked: Revocation | null };

const EMPTY: AgentState = { fencingToken: 0, generation: 0, nodeUid: "", revoked: null };

/** Reads the state file. A missing or damaged one reads as "nothing accepted yet": the worker's next order sets it right. */
export function readAgentState(path: string): AgentState {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isState(parsed) ? parsed : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Replaces the state file in one step, so that a crash leaves the old one or the new one. */
export function writeAgentState(path: string, state: AgentState): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function isState(value: unknown): value is AgentState {
  if (typeof value !== "object" || value === null) return false;
  const { fencingToken, generation, nodeUid, revoked } = value as Record<string, unknown>;
  return typeof fencingToken === "number" && typeof generation === "number" && typeof nodeUid === "string" && isRevocation(revoked);
}

function isRevocation(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object") return false;
  const { generation, reason } = value as Record<string, unknown>;
  return typeof generation === "number" && (reason === "ConfirmMissed" || reason === "EmergencyOff");
}
