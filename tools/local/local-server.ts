import { readFile, mkdir } from "node:fs/promises";
import { get } from "node:https";
import { get as getPlain, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startLocalProcess, waitFor, type LocalProcess } from "./local-process.ts";

const SERVER_MAIN = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));
/** The server as it is installed: `npm run build` makes it. */
export const SERVER_BUNDLE = fileURLToPath(new URL("../../dist/server/main.mjs", import.meta.url));

export interface LocalServer extends LocalProcess {
  readonly url: string;
  readonly port: number;
  readonly dataFolder: string;
  /** PEM, and the file that holds it; undefined for plain HTTP. */
  readonly certificateAuthority: string | undefined;
  readonly certificateAuthorityFile: string;
  /** What the server printed for its first administrator. */
  setupCode(): Promise<string>;
}

export interface LocalServerOptions {
  readonly dataFolder: string;
  readonly port?: number;
  /** The sources by default. */
  readonly program?: string;
  /** Settings as environment variables, over the defaults for one machine. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real server process on the loopback address, ready when this returns. */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { dataFolder, program = SERVER_MAIN, settings = {} } = options;
  await mkdir(dataFolder, { recursive: true });
  const port = options.port ?? (await freePort());
  const isPlain = settings["MOULT_TLS_MODE"] === "off";
  const url = `${isPlain ? "http" : "https"}://localhost:${port}`;
  const server = await startLocalProcess(process.execPath, [program, "--data", dataFolder], {
    logFile: join(dataFolder, "..", "server.log"),
    environment: {
      MOULT_LISTEN_HOST: "127.0.0.1",
      MOULT_LISTEN_PORT: String(port),
      MOULT_PUBLIC_URL: url,
      ...settings,
    },
  });
  const certificateAuthorityFile = join(dataFolder, "tls", "authority.pem");
  try {
    const certificateAuthority = await waitFor(
      "the server to be ready",
      async () => {
        if (server.exitCode() !== undefined) return null;
        const authority = isPlain ? undefined : await readFile(certificateAuthorityFile, "utf8");
        return (await isReady(`${url}/readyz`, authority)) ? { authority } : undefined;
      },
      30_000,
      25,
    );
    if (certificateAuthority === null)
      throw new Error(`the server ended (${server.exitCode()}):\n${server.tail()}`);
    return {
      ...server,
      url,
      port,
      dataFolder,
      certificateAuthority: certificateAuthority.authority,
      certificateAuthorityFile,
      setupCode: async () => (await readFile(join(dataFolder, "setup-code"), "utf8")).trim(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function isReady(url: string, authority: string | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onReply = (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode === 200);
    };
    const request =
      authority === undefined
        ? getPlain(url, onReply)
        : get(url, { ca: authority, agent: false }, onReply);
    request.once("error", reject);
  });
}
