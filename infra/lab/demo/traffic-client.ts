// The traffic client, one per node. It opens no connection of its own accord: POST /run starts a bounded load, GET /stats tells how it
// fares, POST /flows adds flows to it, POST /stop ends it early, POST /port-reuse runs to its end and answers. traffic-contract.ts has the
// shapes.
import { createServer, type IncomingMessage } from "node:http";
import process from "node:process";
import { checkFlows, checkPortReuse, checkRun } from "./check-request.ts";
import { tryPortReuse } from "./port-reuse.ts";
import { CONTROL_PORT, type RunStats } from "./traffic-contract.ts";
import { TrafficRun } from "./traffic-run.ts";

/** 64 targets of 60 bytes are 4 kB. */
const BODY_BYTES_MAX = 65_536;

const NO_RUN: RunStats = {
  running: false,
  elapsedMs: 0,
  kinds: {},
  errors: [],
  clientPauseMs: 0,
  serverPauseMs: 0,
  retransmissions: { syn: 0, timeouts: 0, resetsSent: 0 },
};

let run: TrafficRun | undefined;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(request: IncomingMessage): Promise<Answer> {
  switch (`${request.method} ${request.url}`) {
    case "GET /healthz":
      return { status: 200, body: "ok" };
    case "GET /stats":
      return { status: 200, body: run?.stats() ?? NO_RUN };
    case "POST /run": {
      if (run?.stats().running) return { status: 409, body: { error: "a run is under way; POST /stop ends it" } };
      run = new TrafficRun(checkRun(await readBody(request)));
      return { status: 202, body: run.stats() };
    }
    case "POST /flows": {
      // read first: an answer before the end of the body looks like a broken connection to a proxy
      const { targets } = checkFlows(await readBody(request));
      if (!run?.stats().running) return { status: 409, body: { error: "no run is under way; POST /run starts one" } };
      run.addFlows(targets);
      return { status: 202, body: run.stats() };
    }
    case "POST /stop":
      run?.stop();
      return { status: 200, body: run?.stats() ?? NO_RUN };
    case "POST /port-reuse":
      return { status: 200, body: await tryPortReuse(checkPortReuse(await readBody(request))) };
    default:
      return { status: 404, body: { error: `there is no ${request.method} ${request.url}` } };
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_BYTES_MAX) throw new RangeError(`the body is longer than ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

const control = createServer((request, response) => {
  void answer(request)
    .catch((error: unknown): Answer => ({ status: 400, body: { error: error instanceof Error ? error.message : String(error) } }))
    .then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(`${JSON.stringify(body)}\n`);
    });
});
control.listen({ port: CONTROL_PORT, host: "::" });
process.once("SIGTERM", () => process.exit(0));
