import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** What scripts of other origins may read of a reply: all that clients of ARM steer by. */
const EXPOSED = [
  "Azure-AsyncOperation",
  "Location",
  "Retry-After",
  "ETag",
  "x-ms-request-id",
  "x-ms-correlation-request-id",
  "x-ms-routing-request-id",
  "x-ms-client-request-id",
  "x-ms-error-code",
  "x-ms-failure-cause",
  ...["reads", "writes", "deletes"].flatMap((kind) => [
    `x-ms-ratelimit-remaining-subscription-${kind}`,
    `x-ms-ratelimit-remaining-subscription-global-${kind}`,
  ]),
];
/** Browsers ask again after this long. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets scripts of these origins call the surface (CORS). Tokens travel in a header that scripts set themselves: cookies are neither sent nor allowed.
 * @param origins exactly as browsers send them; none: no script of another origin may.
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: [...origins],
    methods: ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
    // What is no preflight in full is answered like any other request, in ARM's shape.
    strictPreflight: false,
  });
}
