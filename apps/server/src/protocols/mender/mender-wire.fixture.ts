import { connect } from "node:net";

// What clients of Mender's send, byte for byte: versions 3.4 (Go) and 5.0 (C++) as they were recorded; the one for microcontrollers
// as its source (mender-mcu 1.0, on Zephyr) makes it.

/** What differs from device to device and from request to request. */
interface WireValues {
  readonly host: string;
  readonly token: string;
  readonly deviceType: string;
  readonly artifactName: string;
}

export interface WireClient {
  readonly kind: "rsa" | "p256" | "ed25519";
  /** The body that is signed. */
  authBody(idData: string, pem: string, tenantToken: string): string;
  auth(values: WireValues, body: string, signature: string): string;
  inventory(values: WireValues): string;
  /** The ways in which it asks for an update; each later one after a 404. */
  readonly next: readonly ((values: WireValues) => string)[];
  status(values: WireValues, id: string, status: string): string;
  log(values: WireValues, id: string, line: string): string;
  download(values: WireValues, path: string): string;
}

const API = "/api/devices";
const DEPLOYMENTS = `${API}/v1/deployments/device/deployments`;

/** As Go's client sends a body whose length it does not know. */
const chunked = (body: string): string =>
  `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const goWrite = (line: string, { host, token }: WireValues, body: string): string =>
  `${line} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n` +
  `Accept-Encoding: gzip\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n\r\n${chunked(body)}`;

/** Debian's mender-client 3.4.0. */
export const GO_3_4: WireClient = {
  kind: "rsa",
  authBody: (idData, pem, tenantToken) =>
    `${JSON.stringify({ id_data: idData, tenant_token: tenantToken, pubkey: pem })}\n`,
  auth: ({ host, token }, body, signature) =>
    `POST ${API}/v1/authentication/auth_requests HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Go-http-client/1.1\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
    `X-Men-Signature: ${signature}\r\nAccept-Encoding: gzip\r\n\r\n${body}`,
  inventory: (values) =>
    goWrite(
      `PUT ${API}/v1/inventory/device/attributes`,
      values,
      `[{"name":"ip","value":["a","b"]},{"name":"os","value":"Debian"},{"name":"device_type","value":"${values.deviceType}"},{"name":"artifact_name","value":"${values.artifactName}"},{"name":"mender_client_version","value":"3.4.0+ds1-5+b1"}]\n`,
    ),
  next: [
    (values) =>
      goWrite(
        `POST ${API}/v2/deployments/device/deployments/next`,
        values,
        `{"device_provides":{"artifact_name":"${values.artifactName}","device_type":"${values.deviceType}"},"update_control_map":true}`,
      ),
    (values) =>
      goWrite(
        `POST ${DEPLOYMENTS}/next`,
        values,
        `{"artifact_name":"${values.artifactName}","device_type":"${values.deviceType}"}`,
      ),
    ({ host, token, artifactName, deviceType }) =>
      `GET ${DEPLOYMENTS}/next?artifact_name=${artifactName}&device_type=${deviceType} HTTP/1.1\r\nHost: ${host}\r\n` +
      `User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  ],
  status: (values, id, status) =>
    goWrite(`PUT ${DEPLOYMENTS}/${id}/status`, values, `{"status":"${status}"}\n`),
  log: (values, id, line) =>
    goWrite(
      `PUT ${DEPLOYMENTS}/${id}/log`,
      values,
      `{"messages":[{"level":"info","message":"${line}","timestamp":"2026-11-29T10:54:11Z"}]}\n`,
    ),
  download: ({ host }, path) =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n`,
};

const cppWrite = (line: string, { host, token }: WireValues, body: string): string =>
  `${line} HTTP/1.1\r\nHOST: ${host}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n` +
  `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n\r\n${body}`;

/** mender 5.0.5, built from its source. */
export const CPP_5_0: WireClient = {
  kind: "ed25519",
  authBody: (idData, pem, tenantToken) =>
    JSON.stringify({ id_data: idData, pubkey: pem, tenant_token: tenantToken }),
  auth: ({ host }, body, signature) =>
    `POST ${API}/v1/authentication/auth_requests HTTP/1.1\r\nHOST: ${host}\r\nAuthorization: API_KEY\r\n` +
    `X-MEN-Signature: ${signature}\r\nAccept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
    `Content-Type: application/json\r\n\r\n${body}`,
  inventory: (values) =>
    cppWrite(
      `PUT ${API}/v1/inventory/device/attributes`,
      values,
      `[{"name":"ip","value":["a","b"]},{"name":"mender_client_version","value":"5.0.5-dirty"},{"name":"os","value":"Debian"}]`,
    ),
  next: [
    (values) =>
      cppWrite(
        `POST ${API}/v2/deployments/device/deployments/next`,
        values,
        `{"device_provides":{"device_type":"${values.deviceType}","artifact_name":"${values.artifactName}"}}`,
      ),
    ({ host, token, artifactName, deviceType }) =>
      `GET ${DEPLOYMENTS}/next?artifact_name=${artifactName}&device_type=${deviceType} HTTP/1.1\r\nHOST: ${host}\r\n` +
      `Authorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`,
  ],
  status: (values, id, status) =>
    cppWrite(`PUT ${DEPLOYMENTS}/${id}/status`, values, `{"status":"${status}"}`),
  log: (values, id, line) =>
    cppWrite(
      `PUT ${DEPLOYMENTS}/${id}/log`,
      values,
      `{"messages":[{"timestamp":"2026-11-29T11:06:54.838942Z","level":"info","message":"${line}"}]}`,
    ),
  download: ({ host }, path) => `GET ${path} HTTP/1.1\r\nHOST: ${host}\r\n\r\n`,
};

const MCU_AGENT = "User-Agent: Mender/1.0.0 MCU Zephyr/4.2.0";

const mcuWrite = (line: string, { host, token }: WireValues, body: string): string =>
  `${line} HTTP/1.1\r\nHost: ${host}\r\n${MCU_AGENT}\r\nAuthorization: Bearer ${token}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const mcuRead = (path: string, { host, token }: WireValues): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${MCU_AGENT}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

/** mender-mcu: it says its tier, writes no escapes into addresses, and null where a line of its log has no time or level. */
export const MCU_1_0: WireClient = {
  kind: "p256",
  authBody: (idData, pem, tenantToken) =>
    JSON.stringify({ id_data: idData, pubkey: pem, tenant_token: tenantToken, tier: "micro" }),
  auth: ({ host }, body, signature) =>
    `POST ${API}/v1/authentication/auth_requests HTTP/1.1\r\nHost: ${host}\r\n${MCU_AGENT}\r\n` +
    `X-MEN-Signature: ${signature}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  inventory: (values) =>
    mcuWrite(
      `PUT ${API}/v1/inventory/device/attributes`,
      values,
      `[{"name":"ip","value":"a, b"},{"name":"os","value":"Zephyr"}]`,
    ),
  next: [
    (values) =>
      mcuWrite(
        `POST ${API}/v2/deployments/device/deployments/next`,
        values,
        `{"device_provides":{"device_type":"${values.deviceType}","rootfs-image.version":"${values.artifactName}","artifact_name":"${values.artifactName}"}}`,
      ),
    (values) =>
      mcuRead(
        `${DEPLOYMENTS}/next?artifact_name=${values.artifactName}&device_type=${values.deviceType}`,
        values,
      ),
  ],
  status: (values, id, status) =>
    mcuWrite(`PUT ${DEPLOYMENTS}/${id}/status`, values, `{"status":"${status}"}`),
  log: (values, id, line) =>
    mcuWrite(
      `PUT ${DEPLOYMENTS}/${id}/log`,
      values,
      `{"messages":[{"timestamp":null,"level":null,"message":"${line}"}]}`,
    ),
  download: ({ host }, path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${MCU_AGENT}\r\n\r\n`,
};

export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends the text as it is over a connection of its own, and reads one reply, by its `Content-Length`. */
export function exchange(port: number, request: string): Promise<WireReply> {
  const { promise, resolve, reject } = Promise.withResolvers<WireReply>();
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
  let received = Buffer.alloc(0);
  socket.on("data", (part) => {
    received = Buffer.concat([received, part]);
    const reply = replyOf(received.toString("latin1"));
    if (reply === undefined) return;
    socket.destroy();
    resolve(reply);
  });
  socket.on("error", reject);
  socket.on("close", () => reject(new Error(`no whole reply: ${received.toString("latin1")}`)));
  return promise;
}

function replyOf(text: string): WireReply | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((each) => {
      const colon = each.indexOf(":");
      return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const;
    }),
  );
  const body = text.slice(end + 4);
  const length = Number(headers["content-length"] ?? "0");
  return body.length < length ? undefined : { status: Number(line.split(" ")[1]), headers, body };
}
