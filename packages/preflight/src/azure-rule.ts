import type { AzureFacts, ClusterFacts } from "./facts.ts";
import { unknown, type Outcome } from "./rule.ts";

/** Judges what Azure says of the cluster, once it is asked. */
export function overAzure({ azure }: ClusterFacts, judge: (azure: AzureFacts) => Outcome): Outcome {
  return azure.known ? judge(azure.value) : unknown(`Azure could not be asked: ${azure.because}`);
}
