import { readFileSync } from "node:fs";
import { explain } from "@hostrouting/domain";
import type { Dump } from "@hostrouting/netfilter";

/** Where the kernel says what tables of ARP and of bridges it has in its older backend. */
export type OlderTableFiles = { readonly arpTables: string; readonly modules: string };

const FILES: OlderTableFiles = { arpTables: "/proc/net/arp_tables_names", modules: "/proc/modules" };
/** `ebtable_filter 16384 1 - Live 0x0`: name, size, users. proc(5). */
const BRIDGE_MODULE = /^(ebtable_(?:filter|nat|broute)) \d+ ([1-9]\d*) /gm;

/**
 * Tables of the older arptables and ebtables that hold something, as dumps that nobody could read: the tools that would list them make the tables
 * where there are none, which is a change of the node. Of bridges the kernel lists no tables; a table with rules holds its module
 * (net/bridge/netfilter/ebtables.c, do_replace_finish), in whichever namespace it is. Nothing is thrown.
 */
export function readOlderTables({ arpTables, modules }: OlderTableFiles = FILES): Dump[] {
  return [
    ...told("arptables-legacy", () => {
      const names = textOf(arpTables).split(/\s+/).filter(Boolean).join(", ");
      return names === ""
        ? undefined
        : `arptables' older backend has the table ${names}, and nothing here reads it: remove it, or unload arptable_filter`;
    }),
    ...told("ebtables-legacy", () => {
      const used = [...textOf(modules).matchAll(BRIDGE_MODULE)].map(([, name]) => name).join(", ");
      return used === ""
        ? undefined
        : `ebtables' older backend has rules (${used}), and nothing here reads them: remove them with ebtables-legacy -F`;
    }),
  ];
}

function told(source: Dump["source"], why: () => string | undefined): Dump[] {
  try {
    const failed = why();
    return failed === undefined ? [] : [{ source, failed }];
  } catch (error) {
    return [{ source, failed: explain(error) }];
  }
}

/** Absent where the kernel has no such tables, or no modules. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
