import { homedir } from "node:os";
import { join } from "node:path";

/** Where built things live that outlast a checkout: `$XDG_CACHE_HOME/acns-hostrouting`, or `~/.cache/acns-hostrouting`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "acns-hostrouting");
}
