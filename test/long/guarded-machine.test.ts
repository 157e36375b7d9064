/** The journeys of test/journeys-vm on the older of the two kernels, with kube-proxy in nftables mode. */
import { guardedMachine } from "../journeys-vm/guarded-machine.ts";

await guardedMachine({ kernel: "6.1", kubeProxyMode: "nftables", thorough: true });
