import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as after } from "node:timers/promises";

/** A link to a server on this machine that stands still in the middle of the first long answer. */
export interface HeldLink {
  readonly port: number;
  /** Resolves when it stands still: the client has the first bytes of the answer, and no more come. */
  holding(): Promise<void>;
  /** Breaks the connection that stands still; those after it are not held. */
  cut(): void;
  /** Goes on with it, in drops, so that the client has something to do for a while. */
  trickle(): void;
  /** What went to the client, on all connections. */
  carriedBytes(): number;
  /** What came from the client, a text for each connection; Latin-1, so that every byte is one character. */
  sent(): readonly string[];
  close(): Promise<void>;
}

const DROP_BYTES = 500;
const DROP_MS = 50;

export async function startHeldLink(serverPort: number, holdAfterBytes: number): Promise<HeldLink> {
  const sockets = new Set<Socket>();
  const reached = Promise.withResolvers<void>();
  let held: { readonly cut: () => void; readonly trickle: () => void } | undefined;
  let carriedBytes = 0;
  const sent: Buffer[][] = [];

  const carry = (server: Socket, client: Socket, cut: () => void): void => {
    let ownBytes = 0;
    const write = (bytes: Buffer): boolean => {
      ownBytes += bytes.length;
      carriedBytes += bytes.length;
      return client.write(bytes);
    };
    const onData = (chunk: Buffer): void => {
      const roomBytes = holdAfterBytes - ownBytes;
      if (held !== undefined || chunk.length < roomBytes) {
        if (!write(chunk)) {
          server.pause();
          client.once("drain", () => server.resume());
        }
        return;
      }
      server.off("data", onData);
      server.pause();
      write(chunk.subarray(0, roomBytes));
      server.unshift(chunk.subarray(roomBytes));
      const trickle = async (): Promise<void> => {
        for await (const rest of server as AsyncIterable<Buffer>)
          for (let at = 0; at < rest.length && !client.destroyed; at += DROP_BYTES) {
            write(rest.subarray(at, at + DROP_BYTES));
            await after(DROP_MS);
          }
        client.end();
      };
      held = { cut, trickle: () => void trickle().catch(cut) };
      reached.resolve();
    };
    server.on("data", onData);
    server.once("end", () => client.end());
  };
  const link = createServer((client) => {
    const server = connect(serverPort, "127.0.0.1");
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", cut);
    }
    const parts: Buffer[] = [];
    sent.push(parts);
    client.on("data", (part) => parts.push(part));
    client.pipe(server);
    carry(server, client, cut);
  });
  await new Promise<void>((resolve) => {
    link.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (link.address() as AddressInfo).port,
    holding: () => reached.promise,
    cut: () => held?.cut(),
    trickle: () => held?.trickle(),
    carriedBytes: () => carriedBytes,
    sent: () => sent.map((parts) => Buffer.concat(parts).toString("latin1")),
    close: () =>
      new Promise((resolve) => {
        link.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
