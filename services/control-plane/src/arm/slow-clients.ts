/** Connections are looked over this often for who is late, as a share of the time that a request may take; Node's own is every 30 s. */
const LOOKS_PER_TIMEOUT = 10;

/**
 * Options of an HTTPS server that cuts off who has not done the handshake, or not sent a whole request, in time. All of them together, where the server is
 * made: told of the request's limit alone, Node (`ConnectionsList::Expired`) takes the larger one, its 60 s for headers, for the whole request.
 */
export function slowClientLimits(requestTimeoutMs: number) {
  return {
    handshakeTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.ceil(requestTimeoutMs / LOOKS_PER_TIMEOUT),
  };
}
