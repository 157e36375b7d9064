import type { Instant } from "@hostrouting/domain";
import { CILIUM_AGENT_CONTAINER, type CiliumAccess, type V1Pod } from "@hostrouting/kube";
import type { CiliumWord } from "@hostrouting/rollout";

/** Programs that run in agents' pods at once; each is a connection through the API server and the kubelet. */
const ASKED_AT_ONCE_MAX = 8;
/** Agents that are asked in one round: 64 answers of a fraction of a second each, eight at once, leave the round far below the lease. */
const ASKED_PER_ROUND_MAX = 64;
/** An agent finds its routing when it starts and does not change it while it runs; it is asked again to know that it still answers. */
export const WORD_FRESH_MS = 4 * 60_000;
/** One that does not answer is asked again after this; each try may take five seconds of its round. */
const SILENT_REST_MS = 10_000;

type Heard = { readonly word: CiliumWord; readonly container: string };

/** What agents said, by their pods. Losing it costs asking again. */
export class CiliumWords {
  readonly #heard = new Map<string, Heard>();
  /** When a container was asked last, also in vain: who never answers must not be the first to be asked for ever. */
  readonly #tried = new Map<string, { readonly container: string; readonly at: Instant }>();

  /**
   * The words of these pods' agents. Who was not asked since its container started, or not for `freshMs`, is asked now, the longest unasked first; who does not
   * answer has no word.
   */
  async read(
    access: CiliumAccess,
    pods: readonly V1Pod[],
    { now, freshMs }: { readonly now: Instant; readonly freshMs: (pod: V1Pod) => number },
  ): Promise<ReadonlyMap<string, CiliumWord>> {
    const uids = new Set(pods.map(uidOf));
    for (const map of [this.#heard, this.#tried]) for (const uid of map.keys()) if (!uids.has(uid)) map.delete(uid);
    const askedAt = (pod: V1Pod): number => {
      const heard = this.#heard.get(uidOf(pod));
      return heard?.container === containerOf(pod) ? heard.word.observedAtMs : Number.NEGATIVE_INFINITY;
    };
    for (const pod of pods) if (askedAt(pod) === Number.NEGATIVE_INFINITY) this.#heard.delete(uidOf(pod));
    const triedAt = (pod: V1Pod): number => {
      const tried = this.#tried.get(uidOf(pod));
      return tried?.container === containerOf(pod) ? tried.at : Number.NEGATIVE_INFINITY;
    };
    const due = pods
      .filter((pod) => isReady(pod) && now - askedAt(pod) >= freshMs(pod) && now - triedAt(pod) >= Math.min(freshMs(pod), SILENT_REST_MS))
      .toSorted((a, b) => triedAt(a) - triedAt(b))
      .slice(0, ASKED_PER_ROUND_MAX);
    const worker = async (): Promise<void> => {
      for (let pod = due.shift(); pod !== undefined; pod = due.shift()) await this.#ask(access, pod, now);
    };
    await Promise.all(Array.from({ length: Math.min(ASKED_AT_ONCE_MAX, due.length) }, worker));
    return new Map([...this.#heard].map(([uid, { word }]) => [uid, word]));
  }

  async #ask(access: CiliumAccess, pod: V1Pod, now: Instant): Promise<void> {
    const uid = uidOf(pod);
    this.#tried.set(uid, { container: containerOf(pod), at: now });
    try {
      const said = await access.agentStatus(pod.metadata?.name ?? "");
      this.#heard.set(uid, { container: containerOf(pod), word: { podUid: uid, observedAtMs: now, ...parseStatus(said) } });
    } catch {
      // One node's agent that cannot be asked is that node's wait, and no reason to see nothing of the others.
      this.#heard.delete(uid);
    }
  }
}

const uidOf = (pod: V1Pod): string => pod.metadata?.uid ?? "";

/** Whether it runs, is Ready and not on its way out. */
export function isReady({ metadata, status }: V1Pod): boolean {
  const says = status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") ?? false;
  return says && metadata?.deletionTimestamp === undefined;
}

function containerOf({ status }: V1Pod): string {
  return status?.containerStatuses?.find(({ name }) => name === CILIUM_AGENT_CONTAINER)?.containerID ?? "";
}

/** What an agent's status says of routing (Cilium 1.16 and newer); what is not there, or not known, is Unknown. @throws SyntaxError when it is no JSON */
export function parseStatus(text: string): Pick<CiliumWord, "hostRouting" | "kubeProxyReplacement" | "masquerading"> {
  const status = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>> | null;
  const said = (part: string, member: string): string => {
    const value = status?.[part]?.[member];
    return typeof value === "string" ? value : "Unknown";
  };
  const mode = said("routing", "intra-host-routing-mode");
  return {
    hostRouting: mode === "BPF" || mode === "Legacy" ? mode : "Unknown",
    kubeProxyReplacement: said("kube-proxy-replacement", "mode"),
    masquerading: said("masquerading", "mode"),
  };
}
