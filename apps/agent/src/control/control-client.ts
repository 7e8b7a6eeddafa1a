import * as http from "node:http";
import { parseJson } from "@moult/trust";
import * as z from "zod";
import { AgentError } from "../agent-error.ts";
import { AgentStatus } from "../daemon/agent-status.ts";
import { systemCode } from "../storage/durable-file.ts";
import {
  ConsentReply,
  ControlProblem,
  StandaloneReply,
  type ConsentCommand,
  type InstallCommand,
} from "./control-messages.ts";
import { socketAddress } from "./control-socket.ts";

/** The running daemon, as the commands see it. */
export interface ControlClient {
  status(): Promise<AgentStatus>;
  checkIn(): Promise<void>;
  install(command: InstallCommand): Promise<StandaloneReply>;
  commit(): Promise<StandaloneReply>;
  rollBack(): Promise<StandaloneReply>;
  consent(command: ConsentCommand): Promise<ConsentReply>;
}

/** Every call throws `daemon-unreachable` when no daemon answers, `command-refused` when it says no. */
export function createControlClient(dataDir: string): ControlClient {
  const call = async <Schema extends z.ZodType>(
    method: "GET" | "POST",
    path: string,
    schema: Schema,
    content?: object,
  ): Promise<z.infer<Schema>> => {
    const { status, body } = await send(dataDir, method, path, content);
    if (status !== 200) {
      const problem = parseJson(body, ControlProblem);
      throw new AgentError("command-refused", { command: path, ...problem });
    }
    const reply = parseJson(body, schema);
    // A daemon of another version still runs: it was updated and not restarted.
    if (reply === undefined)
      throw new AgentError("daemon-unreachable", {
        reason: "its answer is not understood; restart it",
      });
    return reply;
  };
  return {
    status: () => call("GET", "/status", AgentStatus),
    checkIn: async () => void (await call("POST", "/check-in", z.object({}))),
    install: (command) => call("POST", "/install", StandaloneReply, command),
    commit: () => call("POST", "/commit", StandaloneReply),
    rollBack: () => call("POST", "/rollback", StandaloneReply),
    consent: (command) => call("POST", "/consent", ConsentReply, command),
  };
}

async function send(
  dataDir: string,
  method: string,
  path: string,
  content: object | undefined,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  let address;
  try {
    address = socketAddress(dataDir);
    const { path: socketPath } = address;
    return await new Promise((resolve, reject) => {
      const request = http.request({ socketPath, method, path, agent: false }, (response) => {
        readWhole(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, body }),
          reject,
        );
      });
      request.once("error", reject);
      request.end(content === undefined ? undefined : JSON.stringify(content));
    });
  } catch (cause) {
    throw new AgentError("daemon-unreachable", { dataDir, reason: systemCode(cause) }, { cause });
  } finally {
    address?.release();
  }
}

async function readWhole(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
