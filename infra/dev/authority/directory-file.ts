/** Reads a directory from its file and checks it: whatever is wrong is named with its place, never with its value. */
import { readFileSync, statSync } from "node:fs";
import type { JWK } from "jose";
import type { Client, FederatedCredential, Tenant, User } from "./directory.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A directory for development has a handful; this is what a search through it may cost. */
const ENTRIES_MAX = 1_000;

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown, place: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${place} must be an object`);
  return value as Json;
}

/** The members that an object may have; a misspelt one would be a credential that is silently not there. */
function only(json: Json, place: string, known: readonly string[]): void {
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`${place} has a member "${unknown}" that nobody knows; there are ${known.join(", ")}`);
}

function list<T>(value: unknown, place: string, read: (one: unknown, place: string) => T): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > ENTRIES_MAX) throw new Error(`${place} must be a list of at most ${ENTRIES_MAX}`);
  return value.map((one, index) => read(one, `${place}[${index}]`));
}

function text(json: Json, key: string, place: string): string {
  const value = json[key];
  if (typeof value !== "string" || value === "") throw new Error(`${place}.${key} must be a text that is not empty`);
  return value;
}

function guid(json: Json, key: string, place: string): string {
  const value = text(json, key, place);
  if (!GUID.test(value)) throw new Error(`${place}.${key} must be a GUID`);
  return value.toLowerCase();
}

/** A public key; one with a private half has no business here. */
function publicKey(value: unknown, place: string): JWK {
  const json = object(value, place);
  if (json["kty"] !== "RSA" && json["kty"] !== "EC") throw new Error(`${place}.kty must be RSA or EC`);
  if (json["d"] !== undefined) throw new Error(`${place} is a private key: keep it with whoever signs, and put the public half here`);
  return json as JWK;
}

function federated(value: unknown, place: string): FederatedCredential {
  const json = object(value, place);
  only(json, place, ["issuer", "subject", "audience", "keys"]);
  return {
    issuer: text(json, "issuer", place),
    subject: text(json, "subject", place),
    audience: text(json, "audience", place),
    keys: list(json["keys"], `${place}.keys`, publicKey),
  };
}

function client(value: unknown, place: string): Client {
  const json = object(value, place);
  only(json, place, ["clientId", "displayName", "secret", "keys", "federated", "redirectUris", "isFamily"]);
  const uri = (one: unknown, where: string): string => text({ uri: one }, "uri", where);
  return {
    clientId: guid(json, "clientId", place),
    displayName: text(json, "displayName", place),
    ...(json["secret"] !== undefined && { secret: text(json, "secret", place) }),
    keys: list(json["keys"], `${place}.keys`, publicKey),
    federated: list(json["federated"], `${place}.federated`, federated),
    ...(json["redirectUris"] !== undefined && { redirectUris: list(json["redirectUris"], `${place}.redirectUris`, uri) }),
    isFamily: json["isFamily"] === true,
  };
}

function user(value: unknown, place: string): User {
  const json = object(value, place);
  only(json, place, ["userName", "displayName", "password"]);
  const userName = text(json, "userName", place);
  if (!/^[^@\s]+@[^@\s]+$/.test(userName)) throw new Error(`${place}.userName must be of the form name@domain`);
  return { userName, displayName: text(json, "displayName", place), password: text(json, "password", place) };
}

function tenant(value: unknown, place: string): Tenant {
  const json = object(value, place);
  only(json, place, ["tenantId", "clients", "users"]);
  return {
    tenantId: guid(json, "tenantId", place),
    clients: list(json["clients"], `${place}.clients`, client),
    users: list(json["users"], `${place}.users`, user),
  };
}

/** Reads what a file's text says. @throws Error naming the place that is wrong. */
export function parseTenants(source: string): readonly Tenant[] {
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch {
    // What a parser quotes of the text may be a secret.
    throw new Error("it is not JSON");
  }
  const root = object(json, "the directory");
  only(root, "the directory", ["tenants"]);
  return list(root["tenants"], "tenants", tenant);
}

/** Reads a directory's file, which nobody but its owner may read. @throws Error that names the file. */
export function readTenants(file: string): readonly Tenant[] {
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`The directory ${file} holds secrets and others may read it: chmod 600 ${file}`);
  try {
    return parseTenants(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`The directory ${file} cannot be used`, { cause: error });
  }
}

/**
 * Puts what the file says to what the environment says: a tenant that both name is one.
 * @throws Error when a name or an id would stand for two.
 */
export function togetherWith(own: Tenant, more: readonly Tenant[]): readonly [Tenant, ...Tenant[]] {
  const same = more.find(({ tenantId }) => tenantId === own.tenantId);
  const home = same === undefined ? own : { ...own, clients: [...own.clients, ...same.clients], users: [...own.users, ...same.users] };
  const all: [Tenant, ...Tenant[]] = [home, ...more.filter((one) => one !== same)];
  requireDistinct(all.map(({ tenantId }) => tenantId));
  requireDistinct(all.flatMap(({ users }) => users.map(({ userName }) => userName.toLowerCase())));
  for (const { clients } of all) requireDistinct(clients.map(({ clientId }) => clientId.toLowerCase()));
  return all;
}

function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${twice} stands in the directory twice`);
}
