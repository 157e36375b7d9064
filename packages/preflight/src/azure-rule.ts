import type { AzureFacts, ClusterFacts, Known } from "./facts.ts";
import { unknown, type Outcome } from "./rule.ts";

/** Judges one thing that Azure says of the cluster. What it does not tell is unknown. */
export function overAzureFact<T>(facts: ClusterFacts, of: (azure: AzureFacts) => Known<T>, judge: (value: T) => Outcome): Outcome {
  return overAzure(facts, (azure) => {
    const fact = of(azure);
    return fact.known ? judge(fact.value) : unknown(`Azure does not tell: ${fact.because}`);
  });
}

/** Judges what Azure says of the cluster, once it is asked. */
export function overAzure({ azure }: ClusterFacts, judge: (azure: AzureFacts) => Outcome): Outcome {
  return azure.known ? judge(azure.value) : unknown(`Azure could not be asked: ${azure.because}`);
}
