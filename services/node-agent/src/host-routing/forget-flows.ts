import type { Datapath } from "./datapath.ts";
import { kernelAddress } from "./kernel-address.ts";
import { ENDPOINT_FLAG, KERNEL_LAYOUTS, Struct } from "./kernel-layout.ts";
import type { PodDevice } from "./node-devices.ts";

/** Pods that the kernel lets be fast and should not any more, or the other way round. */
export function togglingPods(datapath: Datapath, pods: readonly PodDevice[]): PodDevice[] {
  return pods.filter(({ addresses, stay }) =>
    addresses.some((address) => {
      const found = datapath.maps.hr_endpoints.lookup(kernelAddress(address));
      if (!found) return false;
      return (new Struct("hr_endpoint", found).number("flags") & ENDPOINT_FLAG.OPT_OUT) !== (stay ? ENDPOINT_FLAG.OPT_OUT : 0);
    }),
  );
}

/**
 * Forgets every remembered flow of these addresses. Called once their packets are left to the stack: flows go on there unseen, and one
 * that a Service translates may come to have the ports of a remembered direct one. It would be believed when the pod is fast again.
 */
export function forgetFlows(datapath: Datapath, pods: readonly { addresses: readonly string[] }[]): void {
  const addresses = new Set(pods.flatMap((pod) => pod.addresses.map((address) => kernelAddress(address).toString("hex"))));
  if (addresses.size === 0) return;
  const { low, high } = KERNEL_LAYOUTS.hr_flow_key.members;
  const isTheirs = (key: Buffer, { offset, size }: { offset: number; size: number }): boolean =>
    addresses.has(key.toString("hex", offset, offset + size));
  for (const key of datapath.maps.hr_flows.keys()) if (isTheirs(key, low) || isTheirs(key, high)) datapath.maps.hr_flows.delete(key);
}
