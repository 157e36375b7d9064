import type { PacketFilterWrites, WrittenPlace } from "@hostrouting/bpf-loader";
import { SCOPE_NAME_BYTES, type Attempt, type Reason, type ScopeKey, type Sender } from "./guard-layout.ts";

/** What is known beside a transaction. Times are CLOCK_BOOTTIME in ns; `netns`: inode of the node's own namespace. */
export type AuditKnowledge = {
  /** Who sent something last by the thread that the notice names, if that was seen. */
  readonly sender: Sender | undefined;
  /** Whether a scope holds this chain, or without a chain this table. */
  readonly holds: (key: ScopeKey) => boolean;
  readonly nowNs: bigint;
  readonly netns: number;
};

/** What one transaction comes to, in things written: rules, elements, …. `attempts` tell of the audited ones, `untold` of those there are more. */
export type AuditJudgement = {
  readonly audited: number;
  readonly permitted: number;
  readonly attempts: readonly Attempt[];
  readonly untold: number;
  /** Notices did not fit into the queue: what was written then is known to scans only. */
  readonly unreadable: number;
};

/** A thread sends, and nf_tables writes before that call returns: who sent longer ago has the number of a thread that ended since. */
const SENDER_NS = 60_000_000_000n;
/** NFT_MSG_NEWCHAIN: a policy, which no scope holds (bpf/guard/walk.h). */
const NEW_CHAIN = 3;

/**
 * Joins what nf_tables says was written with who sent. The same judgement as bpf/guard/judge.h's, after the fact, and of each thing that
 * was written instead of each batch. Pure.
 */
export function judgeWrites({ writer, places, unplaced, lost }: PacketFilterWrites, known: AuditKnowledge): AuditJudgement {
  // without a writer, kube-proxy's own rules would be laid to a stranger
  if (lost) return { audited: 0, permitted: 0, attempts: [], untold: 0, unreadable: 1 };
  const sender = known.sender && known.nowNs - known.sender.attempt.atNs < SENDER_NS ? known.sender : undefined;
  const judged = places.map((place) => ({ place, why: whyOf(place, sender, known) }));
  const mayWriteAll = sender?.attempt.why === "Permitted" && sender.scope === 0;
  const counted = (permitted: boolean): number =>
    judged.reduce((sum, { place, why }) => sum + ((why === "Permitted") === permitted ? place.count : 0), 0) +
    (permitted === mayWriteAll ? unplaced : 0);
  const base = sender?.attempt ?? strangerOf(writer, known);
  const attempts = judged
    .filter(({ why }) => why !== "Permitted")
    .flatMap(({ place, why }) => place.messages.map((message) => attemptOf(base, { why, messageType: place.type, message })));
  const audited = counted(false);
  return { audited, permitted: counted(true), attempts, untold: audited - attempts.length, unreadable: 0 };
}

function whyOf({ type, family, table, chain }: WrittenPlace, sender: Sender | undefined, { holds }: AuditKnowledge): Reason {
  if (!sender) return "UnknownWriter";
  const { attempt, scope } = sender;
  if (attempt.why !== "Permitted" || scope === 0) return attempt.why;
  const key = { scope, family, table, chain };
  const fits = Buffer.byteLength(table) < SCOPE_NAME_BYTES && Buffer.byteLength(chain) < SCOPE_NAME_BYTES;
  return type !== NEW_CHAIN && fits && (holds(key) || holds({ ...key, chain: "" })) ? "Permitted" : "Scope";
}

function attemptOf(base: Attempt, { why, messageType, message }: Pick<Attempt, "why" | "messageType" | "message">): Attempt {
  return { ...base, verdict: "Audited", why, messageType, message, messageLength: message.readUInt32LE() };
}

/** All that the notice itself says. Its name is the process's own choice. */
function strangerOf(writer: PacketFilterWrites["writer"], { nowNs, netns }: AuditKnowledge): Attempt {
  return {
    atNs: nowNs,
    cgroup: 0n,
    executable: { inode: 0n, device: 0n },
    executableName: "",
    pid: writer?.pid ?? 0,
    parentPid: 0,
    uid: 0,
    command: writer?.name ?? "",
    parentCommand: "",
    cgroupName: "",
    netns,
    taskNetns: 0,
    kind: "Nftables",
    verdict: "Audited",
    why: "UnknownWriter",
    messageType: 0,
    messageIndex: 0,
    messageLength: 0,
    message: Buffer.alloc(0),
  };
}
