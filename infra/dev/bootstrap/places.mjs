import os from "node:os";
import path from "node:path";

/** The checkout. */
export const checkout = path.resolve(import.meta.dirname, "../../..");

/** Where everything is kept that can be built again: Node 24, the lab's binaries, logs of the set-up. */
export function cacheFolder() {
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "acns-hostrouting");
}
