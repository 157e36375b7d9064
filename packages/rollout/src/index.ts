/**
 * The rollout engine: `decide(snapshot, now)` turns what was seen of a cluster, and what was recorded of it before, into what is recorded
 * now and what is to be done.
 *
 * Pure: nothing here awaits, reads a clock or draws a random number. Intents are data; an intent that fails is decided again from what is
 * seen in the next round.
 */
export { decide, type Decision } from "./decide.ts";
export { ciliumReport, type CiliumWord } from "./drivers/cilium-report.ts";
export type { AzureIntent, AzureLook } from "./azure/azure-look.ts";
export type { ConfigIntent, Intent, NodeConfigIntent, PatchNodeIntent } from "./intent.ts";
export type {
  BirthTaintState,
  Bundle,
  ClusterObservation,
  ClusterSnapshot,
  EvictionRefusal,
  NodeObservation,
  NodeReport,
  NodeSpec,
  PodReference,
  PolicyVerdict,
  PreflightVerdict,
  Reach,
  SandboxTrouble,
} from "./snapshot.ts";
export { whileProvided } from "./provider-wait.ts";
export { rolloutForecast, type RolloutForecast } from "./forecast/forecast.ts";
export { simulateChange, type ForecastQuestion } from "./forecast/simulate-change.ts";
export { isCatalogued, WARNING_CATALOGUE, type WarningCode } from "./warning-catalogue.ts";
export { Simulation } from "./simulate.ts";
export { SimulatedAzure } from "./simulated-azure.ts";
export { startSimulatedCilium } from "./simulated-cilium.ts";
export type { SimulatedNode } from "./simulated-node.ts";
