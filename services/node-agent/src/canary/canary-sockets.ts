import { createSocket, type SocketType } from "node:dgram";
import { connect, createServer, type LookupFunction } from "node:net";
import { CANARY_ADDRESSES, type CanaryNetwork, type Family } from "./canary-network.ts";
import { lookupAtOnce } from "./lookup-at-once.ts";

/** Any port: both ends are ours alone. */
const PORT = 40_962;
const NUMBER_BYTES = 4;

/** Something that is open until closed. */
export type Closable = { close: () => void };
/** One client: `send` makes the server answer with the same number. */
export type CanaryClient = Closable & { send: (number: number) => void };
/** What a client tells. */
export type ClientEvents = { onAnswer: (number: number) => void; onBreak: () => void };

/** The echo servers. They send back what they get, to wherever it came from: the node may have translated it. */
export function startServers(network: CanaryNetwork, families: readonly Family[]): Closable[] {
  return network.run("server", () => [serveTcp(), ...families.map(serveUdp)]);
}

/** A UDP client. It takes answers from anybody: the node may translate one direction and not the other. */
export function openUdp(network: CanaryNetwork, family: Family, { onAnswer }: ClientEvents): CanaryClient {
  return network.run("client", () => {
    const socket = createSocket({ type: typeOf(family), lookup: lookupAtOnce(CANARY_ADDRESSES[family].server, family) });
    socket.on("message", (message) => readNumbers(message).forEach(onAnswer)).on("error", ignore);
    socket.bind();
    return {
      send: (number) => socket.send(numbered(number), PORT, CANARY_ADDRESSES[family].server, ignore),
      close: () => void socket.close(),
    };
  });
}

/** A TCP client. It breaks when the connection ends before it is closed. */
export function openTcp(network: CanaryNetwork, family: Family, { onAnswer, onBreak }: ClientEvents): CanaryClient {
  return network.run("client", () => {
    const { server } = CANARY_ADDRESSES[family];
    const lookup = lookupAtOnce(server, family) as LookupFunction;
    const socket = connect({ host: "canary.invalid", port: PORT, family, lookup, autoSelectFamily: false, noDelay: true });
    let rest: Buffer = Buffer.alloc(0);
    let closing = false;
    socket.on("data", (data) => {
      rest = Buffer.concat([rest, data]);
      readNumbers(rest).forEach(onAnswer);
      rest = rest.subarray(rest.length - (rest.length % NUMBER_BYTES));
    });
    socket.on("error", ignore).on("close", () => closing || onBreak());
    const close = (): void => {
      closing = true;
      socket.destroy();
    };
    return { send: (number) => void (socket.writable && socket.write(numbered(number))), close };
  });
}

function serveTcp(): Closable {
  const clients = new Set<Closable>();
  const server = createServer({ noDelay: true }, (socket) => {
    const client = { close: () => void socket.destroy() };
    clients.add(client);
    socket.on("error", ignore).on("close", () => clients.delete(client));
    socket.pipe(socket);
  });
  server.on("error", ignore).listen(PORT);
  const close = (): void => {
    server.close();
    for (const client of clients) client.close();
  };
  return { close };
}

function serveUdp(family: Family): Closable {
  const any = family === 4 ? "0.0.0.0" : "::";
  const socket = createSocket({ type: typeOf(family), ipv6Only: family === 6, lookup: lookupAtOnce(any, family) });
  socket.on("message", (message, from) => socket.send(message, from.port, from.address, ignore)).on("error", ignore);
  socket.bind(PORT);
  return { close: () => void socket.close() };
}

function typeOf(family: Family): SocketType {
  return family === 4 ? "udp4" : "udp6";
}

function numbered(number: number): Buffer {
  const message = Buffer.alloc(NUMBER_BYTES);
  message.writeUInt32BE(number);
  return message;
}

function readNumbers(data: Buffer): number[] {
  return Array.from({ length: Math.floor(data.length / NUMBER_BYTES) }, (_, index) => data.readUInt32BE(index * NUMBER_BYTES));
}

/** A lost ping shows as a missing answer, a lost connection as its end: errors say nothing more. */
function ignore(): void {}
