import { readFileSync } from "node:fs";
import { release } from "node:os";
import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { Hook } from "../host-routing/device-hooks.ts";
import type { GateVariant } from "../host-routing/gate-variant.ts";

/** What preflight wants to know of a node. */
export type NodeFacts = NonNullable<HostRoutingNodeStatus["facts"]>;

/** Reads operating system, kernel and security modules, and adds what was tried out. `gate` is undefined when the kernel takes no object of ours. */
export function readNodeFacts(osReleaseFile: string, { hook, gate }: { hook: Hook; gate: GateVariant | undefined }): NodeFacts {
  const os = parseOsRelease(readOrEmpty(osReleaseFile));
  const lsm = readOrEmpty("/sys/kernel/security/lsm").trim();
  return {
    ...(os.ID === undefined ? {} : { osId: os.ID }),
    ...(os.VERSION_ID === undefined ? {} : { osVersionId: os.VERSION_ID }),
    kernel: release(),
    ...(lsm === "" ? {} : { lsm: lsm.split(",") }),
    tcx: hook === "tcx",
    conntrackKfunc: gate === "Conntrack" || gate === "ConntrackReadOnly",
    ...(gate === undefined ? {} : { gate }),
  };
}

/** Members of an os-release file (freedesktop.org); quotes are removed. */
export function parseOsRelease(text: string): Record<string, string> {
  const members: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^([A-Z_]+)=["']?(.*?)["']?\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) members[name] = value;
  }
  return members;
}

/** A file's text; empty where there is none. */
export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
