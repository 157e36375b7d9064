/** Runs inside a namespace: makes one TCP connection over the loopback and ends it in the way that the first argument names. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import net from "node:net";

/** Ways for a connection to end. `blackhole`: whatever is sent after the handshake is dropped. */
export type Ending = "close" | "reset" | "refused" | "blackhole" | "unanswered" | "cancelled";

const HOST = "127.0.0.1";
const NOBODY_LISTENS = 9;
const COMMAND_TIMEOUT_MS = 10_000;
const CANCEL_AFTER_MS = 300;

/** The kernel gives up after one repetition: as fast as it can. Not every kernel has the last one. */
function loseEverything(): void {
  writeFileSync("/proc/sys/net/ipv4/tcp_retries2", "1");
  writeFileSync("/proc/sys/net/ipv4/tcp_syn_retries", "1");
  try {
    writeFileSync("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "0");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  execFileSync("iptables", ["-A", "INPUT", "-p", "tcp", "-j", "DROP"], { timeout: COMMAND_TIMEOUT_MS });
}

function gone(socket: net.Socket): Promise<void> {
  socket.on("error", () => {}).resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function connected(): Promise<{ client: net.Socket; server: net.Socket }> {
  const listener = net.createServer({ allowHalfOpen: false }).listen(0, HOST);
  await new Promise((resolve) => listener.once("listening", resolve));
  const accepted = new Promise<net.Socket>((resolve) => listener.once("connection", resolve));
  const client = net.connect((listener.address() as net.AddressInfo).port, HOST);
  await new Promise((resolve) => client.once("connect", resolve));
  const server = await accepted;
  listener.close();
  return { client, server };
}

async function end(ending: Ending): Promise<void> {
  if (ending === "refused") return gone(net.connect(NOBODY_LISTENS, HOST));
  if (ending === "unanswered" || ending === "cancelled") {
    loseEverything();
    const attempt = net.connect(NOBODY_LISTENS, HOST);
    if (ending === "cancelled") setTimeout(() => attempt.destroy(), CANCEL_AFTER_MS);
    return gone(attempt);
  }
  const { client, server } = await connected();
  const both = [gone(client), gone(server)];
  if (ending === "close") client.end();
  if (ending === "reset") client.resetAndDestroy();
  if (ending === "blackhole") {
    loseEverything();
    client.write("into the dark");
    server.write("and back");
  }
  await Promise.all(both);
}

if (process.argv[1] === import.meta.filename) await end(process.argv[2] as Ending);
