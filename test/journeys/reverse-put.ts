import assert from "node:assert/strict";
import { DISABLE_TIMEOUT_MS, expectDisabled, someNodeInFlight } from "./expectations.ts";
import { journey } from "./journey.ts";
import type { Stage } from "./stage.ts";
import { SHORT_SOAKS, withPolicy } from "./with-policy.ts";

/** A user changes their mind half-way. */
export function reversePut(stage: Stage): void {
  const reversed = async (): Promise<void> => {
    const on = await stage.arm.setMode("BpfVeth");
    await someNodeInFlight(stage, ["Enabled"]);
    const off = await stage.arm.setMode("None");
    const first = await stage.arm.settle(on, 10_000);
    assert.equal(first.status, "Canceled");
    assert.match(first.error?.code ?? "", /Superseded/);
    assert.equal((await stage.arm.settle(off, DISABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectDisabled(stage);
  };
  journey(stage, "the reverse PUT half-way supersedes: the first operation is Canceled, the second brings every node back", () =>
    withPolicy(stage, SHORT_SOAKS, reversed),
  );
}
