import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { AppError } from "@hostrouting/domain";

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  return await bindOnce(0);
}

/** @throws AppError `start.port-taken` when somebody listens on 127.0.0.1 at this port. */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await bindOnce(port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EACCES")
      throw new AppError("start.port-taken", { say: `Port ${port} is reserved to root`, do: "Choose another with --port.", cause });
    throw new AppError("start.port-taken", {
      say: `Port ${port} of 127.0.0.1 is taken`,
      do: "End the program that listens there, or choose another port with --port.",
    });
  }
}

async function bindOnce(port: number): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  server.close();
  await once(server, "close");
  return bound;
}
