import { AppError } from "@hostrouting/domain";
import type { RolloutLease, RolloutLeaseWish } from "./rollout-lease.ts";

/** The most that the API server takes for `leaseTransitions`. */
const INT32_MAX = 2 ** 31 - 1;

/** The Lease of a fake cluster: written over the version that was seen only, as the API server does it. */
export class FakeRolloutLease {
  #lease: RolloutLease | undefined;
  readonly #nextVersion: () => string;

  constructor(nextVersion: () => string) {
    this.#nextVersion = nextVersion;
  }

  read(): RolloutLease | undefined {
    return this.#lease;
  }

  write({ holder, token, over }: RolloutLeaseWish): RolloutLease {
    if (over === undefined && this.#lease !== undefined) throw new AppError("kube.conflict", { say: "leases already exists" });
    if (over !== undefined && this.#lease === undefined) throw new AppError("kube.not-found", { say: "leases not found" });
    if (over !== this.#lease?.version) throw new AppError("kube.conflict", { say: "leases has been modified" });
    if (holder === "" || !Number.isInteger(token) || token < 0 || token > INT32_MAX)
      throw new AppError("kube.refused", { say: "leases is invalid" });
    const isNews = this.#lease?.holder !== holder || this.#lease.token !== token;
    this.#lease = { holder, token, version: isNews ? this.#nextVersion() : (over ?? "") };
    return this.#lease;
  }

  /** Somebody deletes it. */
  delete(): void {
    this.#lease = undefined;
  }
}
