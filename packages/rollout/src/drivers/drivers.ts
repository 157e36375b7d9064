import type { Driver } from "@hostrouting/domain";
import { aksArmDriver } from "./aks-arm-driver.ts";
import { bundleDriver } from "./bundle-driver.ts";
import { ciliumDriver } from "./cilium-driver.ts";
import type { NodeDriver } from "./node-driver.ts";

/** What switches nodes, by the name that a cluster's record has. */
const drivers: Readonly<Record<Driver, NodeDriver>> = { bundle: bundleDriver, cilium: ciliumDriver, "aks-arm": aksArmDriver };

/** What switches the nodes of a cluster. */
export function driverOf(driver: Driver): NodeDriver {
  return drivers[driver];
}
