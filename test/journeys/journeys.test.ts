/**
 * Journeys of a user, on the real thing: `npm start`, a Kubernetes cluster of three nodes, real traffic, real faults.
 * They run one after the other on one stage, and each leaves the cluster as it found it.
 */
import { after } from "node:test";
import { auditedRules } from "./audited-rules.ts";
import { azureCommands } from "./azure-commands.ts";
import { changingNodes } from "./changing-nodes.ts";
import { ciliumDriver } from "./cilium-driver.ts";
import { drainAndSwitch } from "./drain-and-switch.ts";
import { emergencyOff } from "./emergency-off.ts";
import { failedPreflight } from "./failed-preflight.ts";
import { guardedRollout } from "./guarded-rollout.ts";
import { killedAgent, killedProcesses } from "./killed-processes.ts";
import { killedProvider } from "./killed-provider.ts";
import { lifeCycle } from "./life-cycle.ts";
import { madeCluster } from "./made-cluster.ts";
import { mainJob, nothingLeft } from "./main-job.ts";
import { flowMatrix } from "./matrix.ts";
import { foreignNetworkPolicy, networkPolicy } from "./network-policy.ts";
import { nodeTrace } from "./node-trace.ts";
import { reusedAddress } from "./reused-address.ts";
import { reversePut } from "./reverse-put.ts";
import { openAz } from "./printed-az.ts";
import { openStage } from "./stage.ts";

const stage = await openStage();
after(() => stage.close());
const az = openAz(stage);

mainJob(stage);
nodeTrace(stage);
auditedRules(stage);
killedAgent(stage);
reusedAddress(stage);
networkPolicy(stage);
emergencyOff(stage);
nothingLeft(stage);
flowMatrix(stage);
killedProcesses(stage);
reversePut(stage);
drainAndSwitch(stage);
changingNodes(stage);
guardedRollout(stage);
failedPreflight(stage);
foreignNetworkPolicy(stage);
ciliumDriver(stage);
azureCommands(stage, az);
madeCluster(stage, az);
killedProvider(stage);
lifeCycle(stage);
