/** The least that any surface on Fastify does: TLS, a parsed body, one JSON reply. A process of its own, as the control plane is. */
import { readFileSync } from "node:fs";
import Fastify from "fastify";

const { BENCH_PORT, BENCH_CERT_FILE, BENCH_KEY_FILE, BENCH_REPLY_FILE } = process.env;
const https = { cert: readFileSync(BENCH_CERT_FILE ?? ""), key: readFileSync(BENCH_KEY_FILE ?? ""), minVersion: "TLSv1.2" as const };
const reply: unknown = JSON.parse(readFileSync(BENCH_REPLY_FILE ?? "", "utf8"));
const app = Fastify({ https });
app.all("/*", () => reply);
process.on("SIGTERM", () => process.exit(0));
await app.listen({ port: Number(BENCH_PORT), host: "127.0.0.1" });
process.stdout.write('{"msg":"listening"}\n');
