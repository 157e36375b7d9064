import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** A process of ours, started by a test. */
export type TestProcess = { readonly pid: number; output(): string; end(signal?: NodeJS.Signals): Promise<number | null> };

/** Reading the modules alone takes some twenty seconds on a machine that is busy with other things. */
const START_TIMEOUT_MS = 90_000;
const CHECKOUT = new URL("../../../../", import.meta.url);

/** A port of loopback that nobody has right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a TypeScript program of the checkout and waits until it logs that it listens.
 * @throws Error with all of its output when it ends or stays silent instead.
 */
export async function startProcess(file: string, env: Readonly<Record<string, string>>): Promise<TestProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, CHECKOUT))], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = once(child, "exit").then(([code]) => code as number | null);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${file} ${why}:\n${output}`));
    const timer = setTimeout(() => {
      fail("did not start in time");
      // A child that lives on would keep the test's own process from ending.
      child.kill("SIGKILL");
    }, START_TIMEOUT_MS);
    let listens = false;
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      // Searched no longer than needed: a load makes megabytes of it.
      if (listens || !output.includes('"msg":"listening"')) return;
      listens = true;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    ended.then((code) => fail(`ended with ${code}`)).catch(reject);
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
