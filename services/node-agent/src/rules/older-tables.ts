import { readFileSync } from "node:fs";
import { explain } from "@hostrouting/domain";
import type { Dump } from "@hostrouting/netfilter";

/** proc(5): every module that is loaded. */
const MODULES = "/proc/modules";
/** `ebtable_filter 16384 1 - Live 0x0`: name, size, users. */
const BRIDGE_MODULE = /^(ebtable_(?:filter|nat|broute)) \d+ ([1-9]\d*) /gm;

/**
 * Tables of the older ebtables that hold rules, as a dump that nobody could read: the tool that would list them makes the tables where there are
 * none, which is a change of the node. The kernel lists no such tables; one with rules holds its module (net/bridge/netfilter/ebtables.c,
 * do_replace_finish), in whichever namespace it is. The older arptables needs no look: ARP stays with the stack in every mode, so that none of its
 * rules is passed by. Nothing is thrown.
 */
export function readOlderTables(modules = MODULES): Dump[] {
  return told("ebtables-legacy", () => {
    const used = [...textOf(modules).matchAll(BRIDGE_MODULE)].map(([, name]) => name).join(", ");
    return used === ""
      ? undefined
      : `ebtables' older backend has rules (${used}), and nothing here reads them: remove them with ebtables-legacy -F`;
  });
}

function told(source: Dump["source"], why: () => string | undefined): Dump[] {
  try {
    const failed = why();
    return failed === undefined ? [] : [{ source, failed }];
  } catch (error) {
    return [{ source, failed: explain(error) }];
  }
}

/** Absent where the kernel has no modules. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
