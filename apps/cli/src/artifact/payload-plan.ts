import { dirname, resolve } from "node:path";
import type { JsonObject } from "@moult/artifact";
import * as z from "zod";
import { CliError } from "../command-line/cli-error.ts";
import { readText } from "../files/read-text.ts";

const Texts = z.record(z.string(), z.string());

/**
 * What one payload is made of: the options of `artifact create`, or one file of `--payload`, whose paths count from its own
 * folder. A misspelt name is an error.
 */
export const PayloadPlan = z.strictObject({
  type: z.string().min(1),
  files: z.array(z.string()).default([]),
  metaData: z
    .record(z.string(), z.json())
    .transform((object): JsonObject => object)
    .optional(),
  dir: z.string().optional(),
  destDir: z.string().optional(),
  fileName: z.string().optional(),
  permissions: z.string().optional(),
  appName: z.string().optional(),
  projectName: z.string().optional(),
  command: z.array(z.string()).default([]),
  unit: z.string().optional(),
  healthUrl: z.string().optional(),
  softwareName: z.string().optional(),
  provides: Texts.default({}),
  depends: z.record(z.string(), z.array(z.string())).default({}),
  clears: z.array(z.string()).default([]),
  noDefaultProvides: z.boolean().default(false),
});
export type PayloadPlan = z.infer<typeof PayloadPlan>;

export async function readPayloadPlan(path: string): Promise<PayloadPlan> {
  const parsed = PayloadPlan.safeParse(await readJsonObject(path));
  if (!parsed.success) {
    const reason = z.prettifyError(parsed.error);
    throw new CliError("file-invalid", `${path} does not describe a payload: ${reason}`);
  }
  const plan = parsed.data;
  const folder = dirname(path);
  return {
    ...plan,
    files: plan.files.map((file) => resolve(folder, file)),
    ...(plan.dir === undefined ? {} : { dir: resolve(folder, plan.dir) }),
  };
}

export async function readJsonObject(path: string): Promise<JsonObject> {
  const text = await readText(path);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return parsed as JsonObject;
  } catch (cause) {
    throw new CliError("file-invalid", `${path} is not JSON.`, { cause });
  }
  throw new CliError("file-invalid", `${path} is not a JSON object.`);
}
