import type { IncomingHttpHeaders } from "node:http";

/**
 * Headers by which Azure's own front half tells a resource provider who asks and under which address. Here the front half is this process, so whatever
 * a client sends under these names is its own invention.
 */
const FORGEABLE =
  /^(referer|x-ms-arm-.*|x-ms-client-(principal|tenant|object|app|ip|issuer|authentication|wids|scope|family).*|x-ms-home-tenant-id)$/;

/** Takes them out of a request before anybody can read them. */
export function dropForgeableHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers)) if (FORGEABLE.test(name)) delete headers[name];
}
