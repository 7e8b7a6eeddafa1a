import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { ForgetfulDisk } from "../disk/forgetful-disk.ts";
import {
  ackReply,
  COMMAND,
  ERROR,
  exportReply,
  GREETING,
  infoReply,
  OPTION,
  OPTION_MAGIC,
  parseRequest,
  replyHead,
  REQUEST_BYTES_MAX,
  REQUEST_HEAD_BYTES,
  unsupportedReply,
  type Request,
} from "./nbd-wire.ts";

export interface NbdServer {
  readonly socketPath: string;
  /** When nobody is connected any more, and all that was sent is done: what comes after it is after the last request. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves one disk on a Unix socket. Requests are done one by one, in the order of their arrival. While `isHalted`, nothing
 * more is done or answered, as of a disk whose power is gone.
 */
export async function startNbdServer(
  disk: ForgetfulDisk,
  socketPath: string,
  isHalted: () => boolean = () => false,
): Promise<NbdServer> {
  rmSync(socketPath, { force: true });
  const sockets = new Set<Socket>();
  let whenIdle: (() => void)[] = [];
  const leave = (socket: Socket): void => {
    sockets.delete(socket);
    if (sockets.size > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // A client that was killed: nothing of it is missed.
    socket.on("error", () => socket.destroy());
    const served = serve(disk, socket, isHalted).catch((error: unknown) => {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    void Promise.all([served, closed]).then(() => leave(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    idle: () =>
      new Promise((resolve) => {
        if (sockets.size === 0) resolve();
        else whenIdle.push(resolve);
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(disk: ForgetfulDisk, socket: Socket, isHalted: () => boolean): Promise<void> {
  const take = createReader(socket);
  socket.write(GREETING);
  if (await handshake(disk, socket, take)) {
    for (;;) {
      const head = await take(REQUEST_HEAD_BYTES);
      const request = head === undefined ? undefined : parseRequest(head.bytes);
      if (request === undefined || request.command === COMMAND.disconnect) break;
      const hasData = request.command === COMMAND.write;
      if (hasData && request.lengthBytes > REQUEST_BYTES_MAX) break;
      const data = hasData ? await take(request.lengthBytes) : undefined;
      if (hasData && data === undefined) break;
      const parts = isHalted() ? [] : answer(disk, request, data?.bytes);
      // What was done last, or came after it, is never answered.
      if (!isHalted()) for (const part of parts) socket.write(part);
    }
  }
  socket.end();
}

/** True when requests follow. */
async function handshake(disk: ForgetfulDisk, socket: Socket, take: Take): Promise<boolean> {
  const clientFlags = (await take(4))?.bytes.readUInt32BE(0);
  if (clientFlags === undefined) return false;
  for (;;) {
    const head = (await take(16))?.bytes;
    if (head?.subarray(0, 8).equals(OPTION_MAGIC) !== true) return false;
    const option = head.readUInt32BE(8);
    const lengthBytes = head.readUInt32BE(12);
    if (lengthBytes > 65_536 || (await take(lengthBytes)) === undefined) return false;
    switch (option) {
      case OPTION.exportName:
        socket.write(exportReply(disk.sizeBytes, clientFlags));
        return true;
      case OPTION.go:
        socket.write(infoReply(option, disk.sizeBytes));
        return true;
      case OPTION.info:
        socket.write(infoReply(option, disk.sizeBytes));
        break;
      case OPTION.abort:
        socket.write(ackReply(option));
        return false;
      default:
        socket.write(unsupportedReply(option));
    }
  }
}

function answer(disk: ForgetfulDisk, request: Request, data?: Buffer): Buffer[] {
  const { command, cookie, offset, lengthBytes, isForced } = request;
  const isInside = offset + lengthBytes <= disk.sizeBytes;
  const done = [replyHead(cookie, ERROR.none)];
  const refused = (error: number) => [replyHead(cookie, error)];
  switch (command) {
    case COMMAND.read:
      if (!isInside || lengthBytes > REQUEST_BYTES_MAX) return refused(ERROR.invalid);
      return [...done, disk.read(offset, lengthBytes)];
    case COMMAND.write:
      if (data === undefined || !isInside) return refused(ERROR.noSpace);
      if (disk.refusesWrites) return refused(ERROR.inputOutput);
      disk.write(offset, data, isForced);
      return done;
    case COMMAND.flush:
      disk.flush();
      return done;
    case COMMAND.trim:
      disk.trim();
      return done;
    case COMMAND.writeZeroes:
      if (!isInside) return refused(ERROR.noSpace);
      disk.write(offset, Buffer.alloc(lengthBytes), isForced);
      return done;
    default:
      return refused(ERROR.invalid);
  }
}

/** So many bytes, or undefined where the stream ends before. */
type Take = (lengthBytes: number) => Promise<{ readonly bytes: Buffer } | undefined>;

function createReader(socket: Socket): Take {
  let chunks: Buffer[] = [];
  let available = 0;
  let hasEnded = false;
  let wake: () => void = () => undefined;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    available += chunk.length;
    wake();
  });
  const end = (): void => {
    hasEnded = true;
    wake();
  };
  socket.once("end", end);
  socket.once("close", end);
  return async (lengthBytes) => {
    while (available < lengthBytes && !hasEnded)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (available < lengthBytes) return undefined;
    const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    chunks = all.length > lengthBytes ? [all.subarray(lengthBytes)] : [];
    available = all.length - lengthBytes;
    return { bytes: all.subarray(0, lengthBytes) };
  };
}
