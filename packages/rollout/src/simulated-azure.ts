import { as, type AzureChange, type Instant, type OperationError } from "@hostrouting/domain";
import type { AzureIntent, AzureLook } from "./azure/azure-look.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/**
 * Stands in for Azure and AKS, as Azure documents them: a change is taken over the version that is named only and one at a time, and then nodes are reimaged
 * one after the other. It is no AKS: real reimages take minutes and have not been seen here.
 */
export class SimulatedAzure {
  mode: "BpfVeth" | "None" = "None";
  provisioningState = "Succeeded";
  /** Why the next change is not taken. */
  refuses: "busy" | "throttled" | "policy" | undefined;
  /** Takes the change, and whoever sent it dies before they note it. */
  losesAnswers = false;
  /** Somebody changes the cluster right before the next change is asked for. */
  races = false;
  isAway = false;
  /** With what the change that is under way ends, instead of success. */
  failure: OperationError | undefined;
  /** No node is reimaged any more. */
  isStuck = false;
  puts = 0;
  #version = 1;
  #followed: NonNullable<Extract<AzureLook, { kind: "Seen" }>["operation"]> | undefined;

  /** Somebody changes the cluster. */
  touch(): void {
    this.#version += 1;
  }

  /** What a round sees. `isFollowed`: the operation's own status is asked for too. */
  look(isFollowed: boolean): AzureLook {
    if (this.isAway) return { kind: "Unseen", reason: "AzureUnknown", message: "no answer" };
    const { mode, provisioningState } = this;
    const seen = { kind: "Seen", mode, provisioningState, etag: String(this.#version) } as const;
    return isFollowed && this.#followed !== undefined ? { ...seen, operation: this.#followed } : seen;
  }

  /** What is asked of it: the change as it is noted afterwards; `null` where there is to be none any more, nothing where nothing is to be noted. */
  ask(intent: AzureIntent, before: AzureChange | undefined, nowMs: number): AzureChange | null | undefined {
    if (intent.kind === "AbortAzure") {
      if (this.provisioningState === "Updating") this.#finish("Canceled");
      return undefined;
    }
    if (before === undefined) return undefined;
    if (this.races) this.touch();
    this.races = false;
    const held = (reason: "AzureBusy" | "AzureThrottled"): AzureChange => ({
      ...before,
      held: { reason, message: "not now", until: as<Instant>(nowMs + 10_000) },
    });
    if (this.refuses === "throttled") return held("AzureThrottled");
    if (this.refuses === "busy") return held("AzureBusy");
    if (this.refuses === "policy")
      return { ...before, step: "Ended", error: { code: "RequestDisallowedByPolicy", message: "no", target: "c" } };
    if (intent.etag !== String(this.#version)) return null;
    this.puts += 1;
    this.touch();
    this.mode = intent.mode;
    this.provisioningState = "Updating";
    this.#followed = { status: "InProgress" };
    return this.losesAnswers ? undefined : { ...before, step: "Following", operation: "/operations/1" };
  }

  /** A second passes: one node is reimaged, or the change ends. */
  act(nodes: Iterable<SimulatedNode>): void {
    if (this.provisioningState !== "Updating" || this.isStuck) return;
    if (this.failure !== undefined) return this.#finish("Failed");
    const wanted = this.mode === "BpfVeth" ? "BPF" : "Legacy";
    const next = [...nodes].find((node) => node.cilium.hostRouting !== wanted);
    if (next === undefined) return this.#finish("Succeeded");
    next.bootId = `${next.bootId}-reimaged`;
    next.labelled = this.mode === "BpfVeth";
    next.cilium.pods += 1;
    next.cilium.hostRouting = wanted;
  }

  #finish(state: "Succeeded" | "Failed" | "Canceled"): void {
    this.provisioningState = state;
    this.#followed = { status: state, ...(state === "Failed" && this.failure !== undefined && { error: this.failure }) };
  }
}
