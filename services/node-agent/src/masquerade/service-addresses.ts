import { isIP } from "node:net";
import { contains } from "./address-classes.ts";

/** Addresses that kube-proxy translates for one Service. */
export type ServiceAddresses = { cluster: string[]; outside: string[] };

type ServiceObject = {
  spec?: { clusterIP?: string; clusterIPs?: string[]; externalIPs?: string[] };
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } };
};

/** Reads a Service; undefined when it has no address of its own. */
export function readService(object: unknown): ServiceAddresses | undefined {
  const { spec = {}, status = {} } = object as ServiceObject;
  const cluster = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter(isAddress);
  const outside = [...(spec.externalIPs ?? []), ...(status.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip)].filter(isAddress);
  return cluster.length + outside.length === 0 ? undefined : { cluster, outside };
}

/** Every Service address that is in none of `covered`, as ranges of one address, sorted. */
export function serviceRanges(services: readonly ServiceAddresses[], covered: readonly string[]): string[] {
  const addresses = new Set(services.flatMap(({ cluster, outside }) => [...cluster, ...outside]));
  return [...addresses]
    .filter((address) => !covered.some((range) => contains(range, address)))
    .map((address) => `${address}/${address.includes(":") ? 128 : 32}`)
    .sort();
}

/** "None" and names are no addresses. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}
