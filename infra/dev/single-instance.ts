import { createConnection, createServer } from "node:net";
import { once } from "node:events";
import { AppError } from "@hostrouting/domain";

const ANSWER_MS = 1_000;

/**
 * Holds the installation for this process, by a socket in Linux' abstract namespace (unix(7)): the kernel refuses a second one and forgets it with the process,
 * so that no stale lock can be left. Whoever connects is told the holder's pid.
 * @throws AppError `start.already-running`
 */
export async function holdInstallation(id: string, stateDir: string): Promise<() => void> {
  const name = `\0acns-hostrouting-${id}`;
  const server = createServer((socket) => socket.on("error", () => undefined).end(String(process.pid)));
  server.listen(name);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new AppError("start.already-running", {
      say: `It already runs with the state folder ${stateDir}${await holder(name)}`,
      do: "End that one first, or give this one another folder with --state-dir.",
      cause: (cause as NodeJS.ErrnoException).code === "EADDRINUSE" ? undefined : cause,
    });
  }
  server.unref();
  return () => server.close();
}

async function holder(name: string): Promise<string> {
  const socket = createConnection(name).setTimeout(ANSWER_MS, () => socket.destroy());
  let pid = "";
  socket.on("data", (chunk) => (pid += String(chunk)));
  try {
    await once(socket, "close");
  } catch {
    return "";
  }
  return pid === "" ? "" : ` (process ${pid})`;
}
