import { connect } from "node:net";

/**
 * The requests of rauc-hawkbit-updater 1.4 with Debian 12's libcurl, byte for byte: what the real one sends is held against
 * these texts in rauc-hawkbit-updater.peer.test.ts.
 */
export interface RaucClient {
  /** Host and port. */
  readonly host: string;
  readonly controllerId: string;
  readonly token: string;
}

export const basePath = ({ controllerId }: RaucClient): string =>
  `/DEFAULT/controller/v1/${controllerId}`;

const headOf = (
  { host, token }: RaucClient,
  method: string,
  path: string,
  more: readonly string[] = [],
): string =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    "User-Agent: rauc-hawkbit-c-agent/1.0",
    "Accept: application/json;charset=UTF-8",
    `Authorization: TargetToken ${token}`,
    ...more,
    "\r\n",
  ].join("\r\n");

export const readRequest = (client: RaucClient, path: string): string =>
  headOf(client, "GET", path);

export const downloadRequest = (
  { host, token }: RaucClient,
  path: string,
  fromByte?: number,
): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...(fromByte === undefined ? [] : [`Range: bytes=${fromByte}-`]),
    "User-Agent: rauc-hawkbit-c-agent/1.0",
    `Authorization: TargetToken ${token}`,
    "Accept: application/octet-stream",
    "\r\n",
  ].join("\r\n");

const writeRequest = (client: RaucClient, method: string, path: string, body: object): string => {
  const text = JSON.stringify(body);
  const more = [
    "Content-Type: application/json;charset=UTF-8",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return `${headOf(client, method, path, more)}${text}`;
};

/** In UTC, as the client writes it. */
const TIME = "20261129T104103";

export const attributesRequest = (
  client: RaucClient,
  data: Readonly<Record<string, string>>,
  time = TIME,
): string =>
  writeRequest(client, "PUT", `${basePath(client)}/configData`, {
    time,
    status: { result: { finished: "success" }, execution: "closed" },
    data,
  });

export interface RaucFeedback {
  readonly place: "deploymentBase" | "cancelAction";
  readonly id: string;
  readonly finished: string;
  readonly execution: string;
  readonly detail: string;
}

export const feedbackRequest = (
  client: RaucClient,
  { place, id, finished, execution, detail }: RaucFeedback,
  time = TIME,
): string =>
  writeRequest(client, "POST", `${basePath(client)}/${place}/${id}/feedback`, {
    id,
    time,
    status: { result: { finished }, execution, details: [detail] },
  });

export interface RawReply {
  readonly status: number;
  readonly body: Buffer;
}

/** One connection on which requests follow each other, as libcurl keeps it. */
export interface RawConnection {
  send(request: string): Promise<RawReply>;
  close(): void;
}

export function openConnection(host: string): RawConnection {
  const { hostname, port } = new URL(`http://${host}`);
  const socket = connect(Number(port), hostname);
  let received = Buffer.alloc(0);
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake.resolve();
  });
  // What is wrong is told by the closing that follows.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isOver = true;
    wake.resolve();
  });
  const receive = async (isWhole: () => boolean): Promise<void> => {
    while (!isWhole()) {
      if (isOver) throw new Error("the server closed the connection");
      await wake.promise;
      wake = Promise.withResolvers();
    }
  };
  return {
    send: async (request) => {
      socket.write(request, "latin1");
      await receive(() => received.includes("\r\n\r\n"));
      const headEnd = received.indexOf("\r\n\r\n") + 4;
      const head = received.subarray(0, headEnd).toString("latin1");
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
      const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1]);
      if (!Number.isInteger(status) || !Number.isInteger(length))
        throw new Error(`an answer that such a client cannot read:\n${head}`);
      await receive(() => received.length >= headEnd + length);
      const body = received.subarray(headEnd, headEnd + length);
      received = received.subarray(headEnd + length);
      return { status, body };
    },
    close: () => socket.destroy(),
  };
}
