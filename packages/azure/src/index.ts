/**
 * Clients of an ARM surface: one managed cluster through Azure's own SDK, and our child resource `hostRoutings/default` through the same pipeline.
 * Works against any ARM endpoint; nothing here knows which one it speaks to.
 */
export { openAksCluster, type AksChange, type AksCluster, type AksOperation, type AksView } from "./aks-cluster.ts";
export type { AksRights } from "./aks-rights.ts";
export type { AksAnswer } from "./aks-reply.ts";
export { readAksSettings, whatIsWrongWithAksSettings, type AksCredential, type AksSettings } from "./aks-settings.ts";
export type { ArmConnection } from "./arm-connection.ts";
export { ArmRefusal, type ArmProblem } from "./arm-problem.ts";
export { openArmCluster, type ArmCluster, type ModeChange } from "./open-arm.ts";
