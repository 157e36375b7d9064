import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseJsonBody, readUtf8 } from "./json-body.ts";
import { BODY_BYTES_MAX } from "./pipeline.ts";

/** Bodies are JSON, read by our own rules; Fastify's would take text, too, and refuse an empty one. */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX },
    async (_request: FastifyRequest, body: Buffer) => parseJsonBody(readUtf8(body)),
  );
}
