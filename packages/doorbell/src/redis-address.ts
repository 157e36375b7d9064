import type { RedisOptions } from "ioredis";

/** `redis://[user:password@]host[:port][/database]`, `rediss://…` over TLS, or `unix:///folder/redis.sock`. Names no part of what it refuses. */
export function redisUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  const isServer = parsed !== undefined && ["redis:", "rediss:"].includes(parsed.protocol) && parsed.hostname !== "";
  const isSocket = parsed?.protocol === "unix:" && parsed.hostname === "" && parsed.pathname.length > 1;
  if (!isServer && !isSocket) throw new Error("must be like redis://host:6379, rediss://user:password@host:6380 or unix:///run/redis.sock");
  if (isServer && !/^\/?\d*$/.test(parsed.pathname)) throw new Error("must name its database by a number, like redis://host:6379/0");
  return value;
}

/** What the client is told for an address that `redisUrl` has accepted. */
export function addressOptions(value: string): RedisOptions {
  const { protocol, hostname, port, username, password, pathname } = new URL(value);
  if (protocol === "unix:") return { path: decodeURIComponent(pathname) };
  const database = pathname.slice(1);
  return {
    host: hostname.replace(/^\[(.+)\]$/, "$1"),
    port: port === "" ? 6379 : Number(port),
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    ...(database === "" ? {} : { db: Number(database) }),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
}
