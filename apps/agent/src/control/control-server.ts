import { chmod, rm } from "node:fs/promises";
import * as http from "node:http";
import { AppError, type Log } from "@moult/base";
import { parseJson } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import type { AgentStatus } from "../daemon/agent-status.ts";
import { systemCode } from "../storage/durable-file.ts";
import type { UpdateRunner } from "../update-runner/update-runner.ts";
import {
  ConsentCommand,
  InstallCommand,
  standaloneReply,
  type ControlProblem,
} from "./control-messages.ts";
import { socketAddress } from "./control-socket.ts";

export interface ControlServerDeps {
  readonly dataDir: string;
  readonly runner: Pick<UpdateRunner, "installFile" | "commit" | "rollBack" | "consent">;
  readonly status: () => AgentStatus;
  readonly checkInNow: () => void;
  readonly log: Log;
}

export interface ControlServer {
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 16 * 1024;

/**
 * Answers the commands of the same user on this machine: HTTP over a socket that only its owner may open, in a folder that
 * only its owner may enter. The caller holds the folder's lock, so a socket file that is there is a dead one.
 */
export async function startControlServer(deps: ControlServerDeps): Promise<ControlServer> {
  const { dataDir, log } = deps;
  const address = socketAddress(dataDir);
  const server = http.createServer((request, response) => {
    handle(deps, request).then(
      (reply) => answer(response, 200, reply),
      (error: unknown) => {
        log.warn("command-failed", { command: request.url, error });
        answer(response, 400, problemOf(error));
      },
    );
  });
  // An installation may take hours; who asks waits for its end.
  server.requestTimeout = 0;
  try {
    await rm(address.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(address.path, resolve);
    });
    await chmod(address.path, 0o600);
  } catch (cause) {
    address.release();
    const reason = systemCode(cause);
    throw new AgentError("file-failed", { path: address.path, doing: "listen", reason }, { cause });
  }
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(address.path, { force: true });
      address.release();
    },
  };
}

async function handle(
  { runner, status, checkInNow }: ControlServerDeps,
  request: http.IncomingMessage,
): Promise<object> {
  const body = await readBody(request);
  switch (`${request.method} ${request.url}`) {
    case "GET /status":
      return status();
    case "POST /check-in":
      checkInNow();
      return {};
    case "POST /install": {
      const command = parseJson(body, InstallCommand);
      if (command === undefined)
        throw new AgentError("command-refused", { reason: "install needs an absolute path" });
      return standaloneReply(await runner.installFile(command.file, command));
    }
    case "POST /commit":
      return standaloneReply(await runner.commit());
    case "POST /rollback":
      return standaloneReply(await runner.rollBack());
    case "POST /consent": {
      const command = parseJson(body, ConsentCommand);
      if (command === undefined)
        throw new AgentError("command-refused", { reason: "consent needs a yes or a no" });
      return runner.consent(command.isYes);
    }
    default:
      throw new AgentError("command-refused", { reason: "no such command", url: request.url });
  }
}

async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_BYTES_MAX)
      throw new AgentError("command-refused", { reason: "the command is too long" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(response: http.ServerResponse, status: number, content: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
}

function problemOf(error: unknown): ControlProblem {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof AppError ? error.code : "internal", message };
}
