/**
 * Runs inside a pod's namespace, once, and prints one line of JSON. `datagrams ADDRESS PORT BYTES,…` sends datagrams, one
 * after the echo of the other, from one socket. `hammer ADDRESS PORT COUNT` connects and closes, again and again; it counts what fails.
 */
import dgram from "node:dgram";
import net from "node:net";

const ANSWER_TIMEOUT_MS = 2000;
/** Connections under way at a time: two processors are kept busy, and no queue overflows. */
const CONCURRENT = 64;

/** @returns null, or what went wrong. */
function exchangeDatagrams(address: string, port: number, sizes: readonly number[]): Promise<string | null> {
  const socket = dgram.createSocket(net.isIP(address) === 4 ? "udp4" : "udp6");
  const payloads = sizes.map((bytes) => Buffer.alloc(bytes, "outside "));
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("no answer"), ANSWER_TIMEOUT_MS);
    const end = (outcome: string | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const sendNext = (): void => (payloads[0] ? socket.send(payloads[0]) : end(null));
    socket.on("message", (data) => (payloads.shift()?.equals(data) ? sendNext() : end("another answer")));
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.connect(port, address, sendNext);
  });
}

function connectOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("timeout")));
    let error: string | null = null;
    socket.on("connect", () => socket.end());
    socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message));
    socket.on("close", () => resolve(error));
    socket.resume();
  });
}

async function hammer(host: string, port: number, count: number): Promise<{ failures: Record<string, number> }> {
  const failures: Record<string, number> = {};
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun++ < count) {
      const error = await connectOnce(host, port);
      if (error !== null) failures[error] = (failures[error] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return { failures };
}

const [command, address = "", port = "", amount = ""] = process.argv.slice(2);
const result = await (command === "hammer"
  ? hammer(address, Number(port), Number(amount))
  : exchangeDatagrams(address, Number(port), amount.split(",").map(Number)));
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
