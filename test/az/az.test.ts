/** Azure CLI 2.91, unmodified, against the real processes: each line's exit code, what it prints, and what reaches the control plane in which order. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AzureCli } from "./azure-cli.ts";
import { deploymentLines } from "./deployment-lines.ts";
import { clusterLines } from "./cluster-lines.ts";
import { madeClusterLines } from "./made-cluster-lines.ts";
import { neighbourLines } from "./neighbour-lines.ts";
import { resourceLines } from "./resource-lines.ts";
import { fillIn, runLine } from "./run-line.ts";
import { signInLines } from "./sign-in-lines.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;
let cli: AzureCli;
/** Knows the cloud, and nobody has signed in. */
let unsigned: AzureCli;

/** As arm-contract C1 has it: the cloud is known, nobody has signed in. */
async function withCloud(): Promise<AzureCli> {
  const fresh = stage.newCli();
  const registered = await fresh.run(`cloud register -n LocalArm --endpoint-resource-manager ${stage.values["base"]}`);
  assert.equal(registered.code, 0, registered.stderr);
  assert.equal((await fresh.run("cloud set -n LocalArm")).code, 0);
  return fresh;
}

before(async () => {
  stage = await openStage();
  await stage.record.begin();
  unsigned = await withCloud();
  cli = stage.newCli(unsigned);
  assert.deepEqual(await stage.record.requests(), ["GET metadata"]);
});
after(() => stage?.close());

/** What Complete mode comes to for whoever may not delete: command, and what reaches the control plane. */
const refusedDeletions: readonly (readonly [verb: string, requests: readonly string[]])[] = [
  ["what-if", ["POST deployment/whatif"]],
  ["validate", ["POST deployment/validate 400"]],
  ["create", ["POST deployment/validate 400"]],
  ["create --confirm-with-what-if", ["POST deployment/whatif"]],
];

const filledIn = (line: string): string => fillIn(line, stage.values);

for (const line of [...signInLines, ...clusterLines, ...resourceLines, ...madeClusterLines, ...deploymentLines, ...neighbourLines])
  test(`az ${line.az}`, async () => {
    await runLine(line, { ...stage, cli: line.isFresh === true ? stage.newCli(unsigned) : cli });
  });

test("whoever has no role signs in, finds no subscription, and is refused by name of the action", async () => {
  const guest = stage.newCli(unsigned);
  const { tenant, guestClient, guestSecret } = stage.values;
  const signIn = `login --service-principal -u ${guestClient} -p ${guestSecret} --tenant ${tenant}`;
  const refused = await guest.run(signIn);
  assert.deepEqual([refused.code, /No subscriptions found/.test(refused.stderr)], [1, true], refused.stderr);
  assert.equal((await guest.run(`${signIn} --allow-no-subscriptions`)).code, 0);
  // az knows no subscription to send a token for, so that it is sent by hand.
  const token = (await guest.run("account get-access-token --query accessToken -o tsv")).stdout.trim();
  const url = filledIn("{base}{cluster}?api-version=2026-04-01");
  const shown = await guest.run(`rest --method get --url ${url} --skip-authorization-header --headers 'Authorization=Bearer ${token}'`);
  assert.equal(shown.code, 1);
  assert.match(shown.stderr, /AuthorizationFailed.*Microsoft\.ContainerService\/managedClusters\/read/s);
});

test("Complete mode that may not delete is refused by what-if, by validate and before create begins, by name of the cluster", async () => {
  const writer = stage.newCli(unsigned);
  const { tenant, writerClient, writerSecret, writerDeployment } = stage.values;
  assert.equal((await writer.run(`login --service-principal -u ${writerClient} -p ${writerSecret} --tenant ${tenant}`)).code, 0);
  const rest = `-g Lab -n ${writerDeployment} --mode Complete --template-file {templates}/enable-host-routing.json -p clusterName=two`;
  for (const [verb, requests] of refusedDeletions) {
    await stage.record.begin();
    const { code, stdout, stderr } = await writer.run(filledIn(`deployment group ${verb} ${rest}`));
    assert.deepEqual({ code, requests: await stage.record.requests() }, { code: 1, requests }, `${stdout}\n${stderr}`);
    assert.match(stderr, /AuthorizationFailed.*managedClusters\/delete.*managedClusters\/one'/s);
  }
});

test("a request that is throttled is sent again when Retry-After has passed, and the command succeeds", async () => {
  const { base = "", tenant, client: clientId = "", secret = "" } = stage.values;
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: secret, scope: `${base}/.default` };
  const reply = await fetch(`${base}/${tenant}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  const { access_token: token } = (await reply.json()) as { access_token: string };
  const nothing = filledIn(`${base}{group}-none?api-version=2024-11-01`);
  const window = (status: number): string => `DELETE cluster/maintenanceconfigurations/default ${status}`;
  await stage.record.begin();
  const running = cli.run("aks maintenanceconfiguration delete -g Lab --cluster-name one -n default");
  let isOver = false;
  void running.then(() => (isOver = true));
  // The bucket holds one request: it is emptied as fast as it fills, until az's own has met it empty.
  while (!isOver && !(await stage.record.requests()).includes(window(429)))
    await (await fetch(nothing, { method: "DELETE", headers: { authorization: `Bearer ${token}` } })).text();
  const { code, stderr } = await running;
  const seen = (await stage.record.requests()).filter((one) => one.includes("maintenanceconfigurations"));
  assert.deepEqual({ code, seen }, { code: 0, seen: [window(429), window(204)] }, stderr);
});
