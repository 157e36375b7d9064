import { createHash } from "node:crypto";
import { NetlinkSocket, readRoutingRules } from "@hostrouting/bpf-loader";

const DIGITS = 16;

/** A digest of the routing rules of this namespace: the same as long as nobody adds, removes or changes one. Undefined where they cannot be read. */
export function routingDigest(): string | undefined {
  let socket: NetlinkSocket | undefined;
  try {
    socket = NetlinkSocket.open();
    const hash = createHash("sha256");
    for (const rule of readRoutingRules(socket)) hash.update(rule);
    return hash.digest("hex").slice(0, DIGITS);
  } catch {
    return undefined; // a kernel without routing rules has none that change
  } finally {
    socket?.close();
  }
}
