import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestWebhook, type TestWebhook } from "../testing/test-webhook.ts";
import { mayReach } from "@hostrouting/runtime";
import { httpsWebhook, type WebhookAnswer, type WebhookSettings } from "./ask-webhook.ts";

const question = { clusterId: "/c", operationId: "op", gate: "checks/batch-2", at: "BeforeBatch", batch: 2 };
let hook: TestWebhook;

/** What the server answers, by the path that is asked. */
const ANSWERS: Readonly<Record<string, readonly [status: number, body: string, headers?: Record<string, string>]>> = {
  "/continue": [200, '{"verdict":"Continue"}'],
  "/wait": [200, '{"verdict":"Wait","reason":"tests run"}'],
  "/reject": [200, '{"verdict":"Reject","reason":"frozen"}'],
  "/lower": [200, '{"verdict":"continue"}'],
  "/yes": [200, "true"],
  "/text": [200, "Continue"],
  "/empty": [200, ""],
  "/created": [201, '{"verdict":"Continue"}'],
  "/failed": [500, '{"verdict":"Continue"}'],
  "/moved": [302, "", { location: "/continue" }],
  "/kept": [307, "", { location: "/continue" }],
  "/long": [200, `{"verdict":"Continue","pad":"${"x".repeat(64 * 1024)}"}`],
  "/talkative": [200, `{"verdict":"Wait","reason":"${"y".repeat(1_000)}"}`],
};

before(async () => {
  hook = await startTestWebhook(({ path }, reply) => {
    const answer = ANSWERS[path];
    if (path === "/drip") reply.writeHead(200).write("{");
    if (answer === undefined) return;
    const [status, body, headers = {}] = answer;
    reply.writeHead(status, headers).end(body);
  });
});
after(() => hook.close());

function ask(url: string, settings: Partial<WebhookSettings> = {}, timeoutMs = 10_000): Promise<WebhookAnswer> {
  const asker = httpsWebhook({ loopbackAllowed: true, ca: hook.ca, ...settings });
  return asker({ url, timeoutMs, signal: new AbortController().signal }, question);
}

const cases: readonly (readonly [path: string, expected: string])[] = [
  ["/continue", "Continue: "],
  ["/wait", "Wait: tests run"],
  ["/reject", "Reject: frozen"],
  ["/lower", "NoAnswer: Its answer has no `verdict` of Continue, Wait or Reject."],
  ["/yes", "NoAnswer: Its answer has no `verdict` of Continue, Wait or Reject."],
  ["/text", "NoAnswer: Its answer is no JSON."],
  ["/empty", "NoAnswer: Its answer is no JSON."],
  ["/created", "NoAnswer: It answered with status 201."],
  ["/failed", "NoAnswer: It answered with status 500."],
  ["/moved", "NoAnswer: It answered with status 302."],
  ["/kept", "NoAnswer: It answered with status 307."],
  ["/long", "NoAnswer: Its answer is longer than 64 KiB."],
  ["/talkative", `Wait: ${"y".repeat(256)}`],
];
for (const [path, expected] of cases)
  test(`a webhook answers ${path}`, async () => {
    const { verdict, reason } = await ask(`${hook.url}${path}`);
    assert.equal(`${verdict}: ${reason}`, expected);
  });

for (const path of ["/silent", "/drip"])
  test(`a webhook that is ${path} past its time is no answer`, async () => {
    assert.deepEqual(await ask(`${hook.url}${path}`, {}, 200), { verdict: "NoAnswer", reason: "It did not answer in time." });
  });

test("a webhook is told by POST which gate of which operation asks", async () => {
  await ask(`${hook.url}/continue?x=1`);
  await ask(`${hook.url}/continue`);
  const last = hook.asked.at(-1);
  assert.deepEqual([last?.method, last?.path, JSON.parse(last?.body ?? "")], ["POST", "/continue", question]);
});

test("what is not to be asked never gets a connection", async () => {
  const before = hook.asked.length;
  const refused = "Its address is one that is not asked.";
  const { port } = new URL(hook.url);
  for (const url of [
    hook.url,
    `https://localhost:${port}/continue`,
    "https://169.254.169.254/",
    "https://[::ffff:127.0.0.1]/",
    "http://127.0.0.1/",
  ])
    assert.deepEqual(await ask(url, { loopbackAllowed: false }), { verdict: "NoAnswer", reason: refused }, url);
  const mixed = async (): Promise<readonly string[]> => ["10.0.0.1", "169.254.169.254"];
  assert.deepEqual(await ask("https://hook.test/", { resolve: mixed }), { verdict: "NoAnswer", reason: refused });
  assert.equal((await ask("https://hook.test/", { resolve: async () => [] })).reason, "Its name has no address.");
  assert.equal(hook.asked.length, before);
});

test("the connection goes to the address that was checked, under the name of the certificate", async () => {
  const { port } = new URL(hook.url);
  let lookups = 0;
  const resolve = async (): Promise<readonly string[]> => {
    lookups += 1;
    return lookups === 1 ? ["127.0.0.1"] : ["169.254.169.254"];
  };
  assert.equal((await ask(`https://hook.test:${port}/continue`, { resolve })).verdict, "Continue");
  assert.equal(lookups, 1);
  const other = await ask(`https://other.test:${port}/continue`, { resolve: async () => ["127.0.0.1"] });
  assert.match(other.reason, /could not be asked/);
});

test("a certificate that nobody trusts is no answer", async () => {
  const asker = httpsWebhook({ loopbackAllowed: true });
  const answer = await asker({ url: `${hook.url}/continue`, timeoutMs: 10_000, signal: new AbortController().signal }, question);
  assert.match(`${answer.verdict} ${answer.reason}`, /NoAnswer It could not be asked/);
});

const addresses: readonly (readonly [address: string, expected: boolean])[] = [
  ["93.184.216.34", true],
  ["10.1.2.3", true],
  ["192.168.1.1", true],
  ["2606:2800:220:1::1", true],
  ["fd12:3456::1", true],
  ["127.0.0.1", false],
  ["127.255.0.9", false],
  ["0.0.0.0", false],
  ["169.254.169.254", false],
  ["168.63.129.16", false],
  ["100.100.100.200", false],
  ["224.0.0.1", false],
  ["255.255.255.255", false],
  ["::1", false],
  ["::", false],
  ["fe80::1", false],
  ["fd00:ec2::254", false],
  ["::ffff:169.254.169.254", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:93.184.216.34", true],
  ["::7f00:1", false],
  ["64:ff9b::a9fe:a9fe", false],
  ["2002:a9fe:a9fe::1", false],
  ["2001:0:1:2::3", false],
  ["ff02::1", false],
  ["fe80::1%eth0", false],
  ["localhost", false],
];
for (const [address, expected] of addresses)
  test(`a webhook at ${address} ${expected ? "may" : "may not"} be asked`, () => assert.equal(mayReach(address, false), expected));
