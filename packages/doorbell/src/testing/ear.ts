import type { ClusterId } from "@hostrouting/domain";
import type { Answer } from "../doorbell.ts";

/** A listener that remembers what it heard, in order. */
export type Ear = {
  readonly heard: readonly ClusterId[];
  readonly listener: (clusterId: ClusterId) => Promise<Answer>;
  /** Once it has heard so many rings in all. */
  count(rings: number): Promise<void>;
};

/** `answer` is asked at each ring; the ring is being looked at for as long as it takes. */
export function ear(answer: (clusterId: ClusterId) => Answer | Promise<Answer> = () => "Looked"): Ear {
  const heard: ClusterId[] = [];
  const waiting: { readonly rings: number; readonly go: () => void }[] = [];
  return {
    heard,
    async listener(clusterId) {
      heard.push(clusterId);
      for (const { go } of waiting.filter(({ rings }) => rings <= heard.length)) go();
      return answer(clusterId);
    },
    count: (rings) => (heard.length >= rings ? Promise.resolve() : new Promise((go) => void waiting.push({ rings, go }))),
  };
}
