import type { Operation } from "@moult/api";
import { ClientError } from "./client-error.ts";

/** Values by name; of a query, what is undefined is left out, and a list is its items one by one. */
export type Values = Readonly<Record<string, unknown>>;

const API_PATH = "/api/v1";

/** The address of a path of the API. */
export const apiUrl = (baseUrl: string, path: string): string =>
  baseUrl.replace(/\/+$/, "") + API_PATH + path;

/** The address of an operation below `baseUrl`, which may itself have a path. */
export function requestUrl(
  baseUrl: string,
  operation: Operation,
  params: Values | undefined,
  query: Values | undefined,
): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    pathSegment(operation.id, name, params?.[name]),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      if (each !== undefined)
        search.append(name, typeof each === "string" ? each : JSON.stringify(each));
  const text = search.size === 0 ? "" : `?${search.toString()}`;
  return apiUrl(baseUrl, path + text);
}

/** `.` and `..` would be resolved away, so that the request would reach another operation. */
function pathSegment(operation: string, name: string, value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (text === "" || text === "." || text === "..")
    throw new ClientError("request-invalid", { operation, name, value: text });
  return encodeURIComponent(text);
}
