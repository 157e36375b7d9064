import type { Driver } from "@hostrouting/domain";
import { bundleDriver } from "./bundle-driver.ts";
import { ciliumDriver } from "./cilium-driver.ts";
import type { NodeDriver } from "./node-driver.ts";

/** What switches nodes, by the name that a cluster's record has. Preflight lets no operation of `aks-arm` go on in this version: nobody asks Azure. */
const drivers: Readonly<Record<Driver, NodeDriver>> = { bundle: bundleDriver, cilium: ciliumDriver, "aks-arm": bundleDriver };

/** What switches the nodes of a cluster. */
export function driverOf(driver: Driver): NodeDriver {
  return drivers[driver];
}
