import type { ApiClient } from "./api-client.ts";
import { eachPage } from "./paged-list.ts";

/** A pod whose sandbox, network and all, its node's kubelet could not make when it tried last. */
export type SandboxFailure = { readonly node: string; readonly podUid: string; readonly message: string };

type KubeletEvent = {
  readonly involvedObject?: { readonly uid?: string };
  readonly source?: { readonly host?: string };
  readonly message?: string;
};

const EVENTS = "/api/v1/events";
/** The kubelet's reason for it. */
const SELECTOR = "involvedObject.kind=Pod,reason=FailedCreatePodSandBox";

/** Asks for the kubelets' Events of pods without a sandbox. An API server keeps them for an hour, also when the pod has got one since. */
export async function listSandboxFailures(client: Pick<ApiClient, "call">): Promise<readonly SandboxFailure[]> {
  const failures: SandboxFailure[] = [];
  await eachPage<KubeletEvent>(client, { path: EVENTS, fieldSelector: SELECTOR }, (events) => {
    for (const { involvedObject, source, message } of events)
      failures.push({ node: source?.host ?? "", podUid: involvedObject?.uid ?? "", message: message ?? "" });
  });
  return failures;
}
