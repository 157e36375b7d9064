import type { HostRoutingConfigSpec } from "@hostrouting/contracts";
import type { MetricsEndpoint } from "@hostrouting/runtime";

/** A port that IANA has given to nobody, and none of Cilium's (9962 to 9965) or the node exporter's (9100). */
const PORT = 9476;
const LOOPBACK = "127.0.0.1";

/**
 * Where metrics are to be served, as HostRoutingConfig/default says; on 127.0.0.1 unless it says otherwise. Addresses that are not known yet come with a later
 * call. Pure. @param addresses of this node; pods' are none of them
 */
export function metricsEndpoints(
  config: Pick<HostRoutingConfigSpec, "metrics"> | null | undefined,
  addresses: readonly string[],
): readonly MetricsEndpoint[] {
  const { listen = "Loopback", port = PORT } = config?.metrics ?? {};
  switch (listen) {
    case "Off":
      return [];
    case "Loopback":
      return [{ host: LOOPBACK, port }];
    case "Node":
      return [LOOPBACK, ...addresses].map((host) => ({ host, port }));
  }
}
