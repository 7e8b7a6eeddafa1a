import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A network between a client and a server on this machine, which can break. */
export interface CuttingProxy {
  readonly port: number;
  /** Cuts the connection that has carried this many bytes, in the named direction; once for each call. */
  cutAfter(direction: "to-server" | "to-client", bytes: number): void;
  /** Carries no more to the server, on any connection, once this many bytes went there. */
  holdAfter(bytes: number): void;
  /** Resolves when it holds. */
  holding(): Promise<void>;
  /** How many connections were cut. */
  cuts(): number;
  close(): Promise<void>;
}

export async function startCuttingProxy(serverPort: number, port = 0): Promise<CuttingProxy> {
  const plans: { readonly direction: "to-server" | "to-client"; readonly bytes: number }[] = [];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const hold = { afterBytes: Infinity, carriedBytes: 0, reached: Promise.withResolvers<void>() };
  const proxy = createServer((client) => {
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
    const carry = (from: Socket, to: Socket, direction: "to-server" | "to-client"): void => {
      let carried = 0;
      from.on("data", (chunk: Buffer) => {
        carried += chunk.length;
        if (direction === "to-server") hold.carriedBytes += chunk.length;
        if (hold.carriedBytes > hold.afterBytes) {
          hold.reached.resolve();
          from.pause();
          return;
        }
        const index = plans.findIndex(
          (plan) => plan.direction === direction && carried >= plan.bytes,
        );
        if (index >= 0) {
          plans.splice(index, 1);
          cuts += 1;
          cut();
        } else if (!to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
      from.once("end", () => to.end());
    };
    carry(client, server, "to-server");
    carry(server, client, "to-client");
  });
  await new Promise<void>((resolve) => {
    proxy.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    cutAfter: (direction, bytes) => plans.push({ direction, bytes }),
    holdAfter: (bytes) => {
      hold.afterBytes = hold.carriedBytes + bytes;
    },
    holding: () => hold.reached.promise,
    cuts: () => cuts,
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
