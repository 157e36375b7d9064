/** The surface asked by its own OpenAPI document, with valid and broken requests; `npm run conformance:long` asks twenty times as many. */
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { createServer } from "node:https";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeTestCertificate } from "../../services/control-plane/src/testing/test-certificate.ts";
import { DOCUMENT, WITHOUT_LIMITS, runFuzz, startFuzzer } from "./fuzz.ts";
import { startOwnTarget, type OwnTarget } from "./own-target.ts";

const CASES = 1_000;
const SEED = 20_260_401;
/** Some 25 s on two cores that nobody else uses; what takes ten times as long hangs. */
const MAX_SECONDS = 250;

let target: OwnTarget;
before(async () => {
  target = await startOwnTarget(WITHOUT_LIMITS);
});
after(() => target?.close());

test(`${CASES} requests that the document allows or nearly allows, seed ${SEED}: no reply that is neither 2xx of the contract nor an ARM error`, async (t) => {
  const summary = await runFuzz(target, { cases: CASES, seed: SEED, maxSeconds: MAX_SECONDS });
  t.diagnostic(JSON.stringify({ ...summary, findings: summary.findings.length }));
  assert.deepEqual(summary.findings, []);
  assert.ok(summary.cases >= CASES, `only ${summary.cases} cases`);
  assert.equal(summary.operations, summary.ofOperations);
  // A fuzz that is refused at the door tests the door alone.
  assert.ok((summary.statuses["200"] ?? 0) > CASES / 20, JSON.stringify(summary.statuses));
  assert.equal(summary.statuses["401"], undefined);
});

/** A server that answers everything the same way, and the file of its certificate's authority. */
async function startAnswering(t: TestContext, status: number, body: object): Promise<{ base: string; caFile: string }> {
  const certificate = await makeTestCertificate();
  const folder = mkdtempSync(path.join(tmpdir(), "fuzz-canary-"));
  const caFile = path.join(folder, "ca.pem");
  writeFileSync(caFile, certificate.ca);
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json", "x-ms-request-id": "1" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { base: `https://localhost:${(server.address() as AddressInfo).port}`, caFile };
}

for (const [name, status, body, finding] of [
  ["a fault", 500, { error: { code: "InternalServerError", message: "x" } }, /^status 500/],
  ["Fastify's own shape", 404, { statusCode: 404, error: "Not Found", message: "x" }, /without an ARM error body/],
  ["another tenant's data", 200, { value: ["theirs"] }, /another tenant's/],
  ["a body that the document does not know", 200, { mystery: true }, /schema/],
] as const)
  test(`the fuzz notices ${name}`, async (t) => {
    const order = {
      cases: 30,
      seed: 1,
      maxSeconds: 60,
      real: {},
      strange: {},
      versions: [["/", "2026-04-01"]],
      hidden: ["theirs"],
      token: "x",
    };
    const server = await startAnswering(t, status, body);
    const { findings } = await startFuzzer({ ...order, ...server, document: DOCUMENT }, 120_000);
    assert.ok(findings.length > 0);
    assert.match(findings[0]?.what ?? "", finding);
  });
