import { readFileSync } from "node:fs";
import { release } from "node:os";
import { BpfObject } from "@hostrouting/bpf-loader";
import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { Hook } from "../host-routing/device-hooks.ts";

/** What preflight wants to know of a node. */
export type NodeFacts = NonNullable<HostRoutingNodeStatus["facts"]>;

/** Reads operating system, kernel and security modules, and tries whether the kernel takes our object; nothing stays loaded. */
export function readNodeFacts(paths: { osReleaseFile: string; objectPath: string }, hook: Hook): NodeFacts {
  const os = parseOsRelease(readOrEmpty(paths.osReleaseFile));
  const lsm = readOrEmpty("/sys/kernel/security/lsm").trim();
  return {
    ...(os.ID === undefined ? {} : { osId: os.ID }),
    ...(os.VERSION_ID === undefined ? {} : { osVersionId: os.VERSION_ID }),
    kernel: release(),
    ...(lsm === "" ? {} : { lsm: lsm.split(",") }),
    tcx: hook === "tcx",
    conntrackKfunc: loads(paths.objectPath),
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

/** Our object needs the conntrack functions: a kernel that takes it has them. */
function loads(objectPath: string): boolean {
  try {
    BpfObject.load(objectPath).close();
    return true;
  } catch {
    return false;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
