import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { AppError } from "@hostrouting/domain";
import { runBesideAgent } from "./run-beside-agent.ts";
import { exitCodeOf } from "./run-in-pod.ts";

/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

/** What the next program does: its messages by channel, then the connection's end. */
type Script = readonly (readonly [channel: number, text: string])[];

describe("a program beside a node's agent", () => {
  let folder: string;
  let kubeconfig: string;
  let server: Server;
  let script: Script = [];
  const asked: URL[] = [];

  before(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://api");
      asked.push(url);
      const onNode = url.searchParams.get("fieldSelector")?.startsWith("spec.nodeName=n1,");
      const leaving = { metadata: { name: "agent-old", deletionTimestamp: "2026-01-01T00:00:00Z" } };
      const items = onNode ? [leaving, { metadata: { name: "agent-x" } }] : [];
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: {}, items }));
    });
    server.on("upgrade", (request, socket) => {
      asked.push(new URL(request.url ?? "", "http://api"));
      const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${WEBSOCKET_GUID}`).digest("base64");
      const [protocol] = (request.headers["sec-websocket-protocol"] ?? "").split(",");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(`${[...head, `Sec-WebSocket-Protocol: ${protocol}`].join("\r\n")}\r\n\r\n`);
      for (const [channel, text] of script) socket.write(frame(channel, text));
      socket.end(Buffer.from([0x88, 0]));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    folder = mkdtempSync(path.join(tmpdir(), "kubeconfig-"));
    kubeconfig = path.join(folder, "config");
    writeFileSync(kubeconfig, kubeconfigText((server.address() as AddressInfo).port));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("gives what it wrote and how it ended", async () => {
    const failure = { status: "Failure", details: { causes: [{ reason: "ExitCode", message: "3" }] } };
    script = [
      [STDOUT, "one "],
      [STDERR, "trouble"],
      [STDOUT, "two"],
      [STATUS, JSON.stringify(failure)],
    ];
    assert.deepEqual(await runBesideAgent(kubeconfig, "n1", ["node", "--flag", "{}"]), {
      stdout: "one two",
      stderr: "trouble",
      exitCode: 3,
    });
    const [list, exec] = asked;
    assert.equal(list?.pathname, "/api/v1/namespaces/acns-hostrouting/pods");
    assert.equal(list?.searchParams.get("labelSelector"), "app.kubernetes.io/name=hostrouting-agent");
    assert.equal(exec?.pathname, "/api/v1/namespaces/acns-hostrouting/pods/agent-x/exec");
    assert.deepEqual(exec?.searchParams.getAll("command"), ["node", "--flag", "{}"]);
    assert.equal(exec?.searchParams.get("container"), "agent");
  });

  it("without a kubeconfig anywhere says so, and asks nobody", async (t) => {
    const { HOME, KUBECONFIG } = process.env;
    t.after(() => Object.assign(process.env, { ...(HOME !== undefined && { HOME }), ...(KUBECONFIG !== undefined && { KUBECONFIG }) }));
    delete process.env["KUBECONFIG"];
    process.env["HOME"] = path.join(folder, "nobody");
    await assert.rejects(runBesideAgent(undefined, "n1", ["true"]), /There is no kubeconfig in the usual places/);
  });

  const failures: [string, Script, string, string, RegExp][] = [
    ["a node without an agent", [], "n2", "kube.no-agent", /No agent runs on a node n2/],
    ["a connection that ends too soon", [[STDOUT, "half"]], "n1", "kube.unreachable", /agent-x on n1 did not run/],
    ["a program that is not there", [[STATUS, '{"status":"Failure","message":"no such file"}']], "n1", "kube.unreachable", /did not run/],
  ];
  for (const [name, said, node, code, message] of failures)
    it(`fails for ${name}`, async () => {
      script = said;
      await assert.rejects(runBesideAgent(kubeconfig, node, ["true"]), (error) => {
        return error instanceof AppError && error.code === code && message.test(error.message) && error.remedy !== "";
      });
    });

  it("names a kubeconfig that is not there", async () => {
    await assert.rejects(
      runBesideAgent("/nowhere/kubeconfig", "n1", ["true"]),
      (error) => error instanceof AppError && error.code === "kube.credential-refused" && error.message.includes("/nowhere/kubeconfig"),
    );
  });
});

it("a status without an exit code is a program that did not start", () => {
  assert.equal(exitCodeOf({ status: "Success" }), 0);
  assert.throws(() => exitCodeOf({ status: "Failure", message: "no such file" }), /no such file/);
});

/** A binary frame with Kubernetes' channel number first (v4.channel.k8s.io). */
function frame(channel: number, text: string): Buffer {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  assert.ok(payload.length < 126, "short frames only");
  return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
}

function kubeconfigText(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
  });
}
