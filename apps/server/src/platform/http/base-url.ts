import type { FastifyRequest } from "fastify";

/**
 * The address at which the client has reached this server, without a path, and so one that it can reach: clients hand the
 * addresses they are given to their library unchanged. Forwarded headers count where the platform believes their sender.
 */
export function baseUrl(
  {
    protocol,
    host,
    headers,
    ip,
    socket,
  }: Pick<FastifyRequest, "protocol" | "host" | "headers" | "ip" | "socket">,
  publicUrl: string,
): string {
  if (!/^[A-Za-z0-9.:_[\]-]{1,255}$/.test(host)) return publicUrl;
  const port = headers["x-forwarded-port"];
  const isForwarded = ip !== socket.remoteAddress;
  const hasPort = /:\d+$/.test(host);
  const isOwn = port === (protocol === "https" ? "443" : "80");
  return isForwarded && !hasPort && !isOwn && typeof port === "string" && /^\d{1,5}$/.test(port)
    ? `${protocol}://${host}:${port}`
    : `${protocol}://${host}`;
}
