/**
 * The doorbell: tells workers that a cluster wants to be looked at. It carries an id and nothing else, may ring twice or not at all;
 * the sweep over due clusters finds what no bell rang for. Adapters: Postgres LISTEN/NOTIFY, and BullMQ on Redis.
 */
export type { Answer, Doorbell, DoorbellFigures, DoorbellState } from "./doorbell.ts";
export { openDoorbell } from "./open-doorbell.ts";
export { postgresDoorbell } from "./postgres-doorbell.ts";
export { redisUrl } from "./redis-address.ts";
