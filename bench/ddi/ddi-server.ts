import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { words } from "../../tools/local/moult-command.ts";

const execute = promisify(execFile);

/** A device of hawkBit's protocol, as both servers know it. */
export interface Controller {
  readonly id: string;
  readonly token: string;
}

/** A server of hawkBit's protocol with devices that have nothing to do, and one that has a file to fetch. */
export interface DdiServer {
  readonly label: string;
  readonly port: number;
  readonly pid: number;
  readonly tenant: string;
  readonly offered: Controller;
  stop(): Promise<unknown>;
}

export const IDLE_CONTROLLERS = 10_000;
export const FILE_BYTES = 256 * 1024 ** 2;

/** 32 characters, as hawkBit makes them. */
export const controllers = (count: number): Controller[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `bench-${index}`,
    token: String(index).padStart(32, "t"),
  }));

/** No client that either server treats in a way of its own. */
const AGENT = "bench/1.0";

export const pollText = ({ tenant, port }: DdiServer, { id, token }: Controller): string =>
  `GET /${tenant}/controller/v1/${id} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/hal+json\r\nUser-Agent: ${AGENT}\r\nAuthorization: TargetToken ${token}\r\n\r\n`;

/** Says what the device is, once, as its client does when it first polls. */
export function attributesText({ tenant, port }: DdiServer, { id, token }: Controller): string {
  const body = JSON.stringify({ mode: "replace", data: { sw_version: "1.0", serial: id } });
  return `PUT /${tenant}/controller/v1/${id}/configData HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nUser-Agent: ${AGENT}\r\nAuthorization: TargetToken ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

interface Poll {
  readonly _links?: { readonly deploymentBase?: { readonly href: string } };
}
interface Deployment {
  readonly deployment: {
    readonly chunks: readonly {
      readonly artifacts: readonly {
        readonly _links: Readonly<Record<string, { readonly href: string }>>;
      }[];
    }[];
  };
}

/** Where the file of the offered device is, found as its client finds it; undefined: not offered yet. */
export async function fileUrl(server: DdiServer): Promise<string | undefined> {
  const { tenant, port, offered } = server;
  const headers = { authorization: `TargetToken ${offered.token}`, "user-agent": AGENT };
  const get = async (url: string): Promise<unknown> => {
    const response = await fetch(url, { headers });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    return response.json();
  };
  const root = `http://127.0.0.1:${port}/${tenant}/controller/v1/${offered.id}`;
  const base = ((await get(root)) as Poll)._links?.deploymentBase?.href;
  if (base === undefined) return undefined;
  const { deployment } = (await get(base)) as Deployment;
  const links = deployment.chunks[0]?.artifacts[0]?._links;
  return (links?.["download-http"] ?? links?.["download"])?.href;
}

const MEGABYTE = 1_000_000;

/** The whole file once, by curl. */
export async function megabytesPerSecond(url: string, { token }: Controller): Promise<number> {
  const format = words`-sS --fail -o /dev/null -w ${"%{size_download} %{time_total}"}`;
  const headers = ["-A", AGENT, "-H", `Authorization: TargetToken ${token}`];
  const { stdout } = await execute("curl", [...format, ...headers, url]);
  const [sizeBytes = 0, seconds = 0] = stdout.split(" ").map(Number);
  if (sizeBytes !== FILE_BYTES) throw new Error(`${url} gave ${sizeBytes} bytes`);
  return sizeBytes / seconds / MEGABYTE;
}
