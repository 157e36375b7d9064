import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { performance } from "node:perf_hooks";
import { ANSWER_TIMEOUT_MS, fetchOnce } from "./fetch-once.ts";
import {
  ECHO_PORT,
  POD_HTTP_PORT,
  SERVICE_HTTP_PORT,
  WHO,
  type PortReuseRequest,
  type PortReuseResult,
  type ReuseStats,
} from "./traffic-contract.ts";

/** Source ports that infra/lab/demo.yaml reserves, so that nothing else in the pod has them. */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;

/** A Service with b backends repeats the direct flow's one in b rounds on average; 40 rounds per wanted hit are more than enough for 8. */
const ROUNDS_PER_HIT = 40;

/** Asks a backend for its name from one source port; the flow has ended when it returns. */
type Ask = (ip: string, service: boolean, localPort: number) => Promise<string>;

const ASKS: Readonly<Record<string, Ask>> = { tcp: askOverTcp, udp: askOverUdp };

let nextPort = FIRST_PORT;

/**
 * Lets one flow end and another begin from the same source port at once: first to a pod and then through the Service, and the other way
 * round, over TCP and UDP, until the Service has chosen that same pod often enough. Takes seconds.
 */
export async function tryPortReuse(request: PortReuseRequest): Promise<PortReuseResult> {
  const result: Record<string, ReuseStats> = {};
  for (const [protocol, ask] of Object.entries(ASKS))
    for (const order of ["direct-then-service", "service-then-direct"] as const)
      result[`${protocol}/${order}`] = await tryOrder(request, ask, order === "direct-then-service");
  return result;
}

async function tryOrder(request: PortReuseRequest, ask: Ask, directFirst: boolean): Promise<ReuseStats> {
  const stats = { rounds: 0, sameBackend: 0, failed: 0, slowestMs: 0, firstError: null as string | null };
  const roundsMax = request.hitsWanted * ROUNDS_PER_HIT;
  while (stats.sameBackend < request.hitsWanted && stats.rounds < roundsMax) {
    const pod = request.pods[stats.rounds++ % request.pods.length] ?? "";
    const port = takePort();
    const began = performance.now();
    try {
      const first = directFirst ? await ask(pod, false, port) : await ask(request.service, true, port);
      const second = directFirst ? await ask(request.service, true, port) : await ask(pod, false, port);
      if (first === second) stats.sameBackend++;
    } catch (error) {
      stats.failed++;
      stats.firstError ??= `from port ${port} to ${pod}: ${error instanceof Error ? error.message : String(error)}`;
    }
    stats.slowestMs = Math.max(stats.slowestMs, Math.round(performance.now() - began));
  }
  return stats;
}

function takePort(): number {
  const port = nextPort;
  nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
  return port;
}

async function askOverTcp(ip: string, service: boolean, localPort: number): Promise<string> {
  const body = await fetchOnce({ ip, port: service ? SERVICE_HTTP_PORT : POD_HTTP_PORT, localPort });
  return (JSON.parse(body) as { pod: string }).pod;
}

async function askOverUdp(ip: string, _service: boolean, localPort: number): Promise<string> {
  const socket = createSocket(isIPv6(ip) ? "udp6" : "udp4");
  try {
    socket.bind(localPort);
    await once(socket, "listening");
    socket.connect(ECHO_PORT, ip);
    await once(socket, "connect");
    socket.send(WHO);
    return (await answerOf(socket)).toString();
  } finally {
    const closed = once(socket, "close");
    socket.close();
    await closed;
  }
}

async function answerOf(socket: Socket): Promise<Buffer> {
  const [message] = (await once(socket, "message", { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })) as [Buffer];
  return message;
}
