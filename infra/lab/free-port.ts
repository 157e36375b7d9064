import { createServer } from "node:net";
import { AppError } from "@hostrouting/domain";

/** A port of 127.0.0.1 that nothing listens on: the wanted one if it is free, else any. */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    const port = await tryPort(wanted);
    if (port !== undefined) return port;
  }
  const any = await tryPort(0);
  if (any === undefined)
    throw new AppError("lab.no-port", { say: "No port of 127.0.0.1 is free", do: "End some of the programs that listen" });
  return any;
}

/** The wanted port of 127.0.0.1. Throws AppError `lab.port-taken` when something listens there. */
export async function requirePort(wanted: number): Promise<number> {
  const port = await tryPort(wanted);
  if (port === undefined)
    throw new AppError("lab.port-taken", {
      say: `Something listens on 127.0.0.1:${wanted} already`,
      do: "Choose another port with --api-port",
    });
  return port;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
