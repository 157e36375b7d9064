import type { Client } from "./directory.ts";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** An address of this machine, without user, password or fragment; browsers may read `\` and controls as something else. */
function loopbackUrl(uri: string): URL | undefined {
  if (!/^https?:\/\/[!-~]+$/i.test(uri) || uri.includes("\\") || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  return LOOPBACK.has(url.hostname) && url.username === "" && url.password === "" && !uri.includes("#") ? url : undefined;
}

/**
 * Whether a code may be sent there: loopback only (RFC 8252 §7.3), and where an application has registered addresses, one of those. The port of a plain one is
 * whatever the application's listener got; of https it is compared, since that is a server that stays.
 */
export function mayRedirect(client: Client, uri: string): boolean {
  const asked = loopbackUrl(uri);
  if (asked === undefined) return false;
  if (client.redirectUris === undefined) return true;
  return client.redirectUris.some((one) => {
    const known = loopbackUrl(one);
    if (known === undefined || known.protocol !== asked.protocol) return false;
    if (known.protocol === "https:" && known.port !== asked.port) return false;
    return known.hostname === asked.hostname && known.pathname === asked.pathname && known.search === asked.search;
  });
}
