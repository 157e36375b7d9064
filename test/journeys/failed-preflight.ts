import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectNothingCordoned } from "./expectations.ts";
import { journey } from "./journey.ts";
import { kernelView, labNodes } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";

/** A cluster that cannot be switched is left alone. */
export function failedPreflight(stage: Stage): void {
  journey(stage, "a cluster that fails preflight: Failed with a detail per check, and nothing was touched", async () => {
    const [node] = await stage.cluster.list("nodes");
    assert.ok(node);
    await stage.cluster.kubectl("label", "node", node.metadata.name, "kubernetes.io/os=windows", "--overwrite");
    try {
      const operation = await stage.arm.settle(await stage.arm.setMode("BpfVeth"), ENABLE_TIMEOUT_MS);
      assert.equal(operation.status, "Failed");
      assert.equal(operation.error?.code, "PreflightBlocked");
      assert.ok(
        operation.error?.details?.some((detail) => detail.code === "PF-012"),
        JSON.stringify(operation.error),
      );
    } finally {
      await stage.cluster.kubectl("label", "node", node.metadata.name, "kubernetes.io/os=linux", "--overwrite");
    }
    for (const each of labNodes(stage.stateDir)) assert.deepEqual((await kernelView(each)).pins, []);
    assert.deepEqual(await stage.cluster.list("daemonsets", "-n", "acns-hostrouting"), []);
    await expectNothingCordoned(stage);
    await disable(stage);
    await expectDisabled(stage);
  });
}
