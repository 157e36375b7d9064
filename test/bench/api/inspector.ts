import { once } from "node:events";

/** A debugger's line into another Node process: asks its engine by the DevTools protocol. */
export type Inspector = {
  /** @throws Error as the process answered. */
  call(method: string, params?: object): Promise<unknown>;
  close(): void;
};

type Answer = { readonly id?: number; readonly result?: unknown; readonly error?: { readonly message: string } };

/** Connects to a process that was started with `--inspect` on a port of loopback. */
export async function openInspector(port: number): Promise<Inspector> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
  if (target === undefined) throw new Error(`Nothing can be inspected on port ${port}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await once(socket, "open");
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  let last = 0;
  return {
    async call(method, params = {}) {
      const id = ++last;
      const { error, result } = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method, params }));
      });
      waiting.delete(id);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    close: () => socket.close(),
  };
}
