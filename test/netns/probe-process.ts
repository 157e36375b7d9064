import { ProbeNetwork } from "../../services/node-agent/src/probes/probe-network.ts";

/** Makes the network of a probe where it is started, says so, and waits to be killed. */
ProbeNetwork.make({ own: ["10.201.1.200"], others: ["10.200.0.2"] });
process.stdout.write("made\n");
setInterval(() => undefined, 1000);
