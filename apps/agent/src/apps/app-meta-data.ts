import * as z from "zod";

const argv = z.array(z.string().min(1).max(4_096)).min(1).max(64);
const seconds = (max: number, otherwise: number) => z.number().gt(0).max(max).default(otherwise);

const timing = {
  /** The application must be healthy within this. */
  timeoutSeconds: seconds(3_600, 30),
  /** Between two tries. */
  intervalSeconds: seconds(600, 1),
};

/** How to tell that an application is well. */
export const HealthCheck = z.discriminatedUnion("kind", [
  /** A GET that is answered with this status. `${NAME}` in the URL stands for the application's environment variable. */
  z.object({
    kind: z.literal("http"),
    url: z.string().max(2_048),
    status: z.int().min(100).max(599).default(200),
    ...timing,
  }),
  /** A program that ends with exit code 0; started like the application itself. */
  z.object({ kind: z.literal("command"), command: argv, ...timing }),
  /** It runs for this long without ending. */
  z.object({ kind: z.literal("alive"), seconds: seconds(3_600, 3) }),
]);
export type HealthCheck = z.infer<typeof HealthCheck>;

/**
 * The meta-data of an artifact with payload type `app`. The payload is `app.tar`, or single files, or both; it becomes a
 * folder of its own, and the application is started in that folder.
 */
export const AppMetaData = z
  .object({
    /** Names the application on the device; releases of one application have one name. */
    name: z
      .string()
      .regex(
        /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
        "lower-case letters, digits and inner hyphens, at most 63",
      ),
    /** Program and arguments; the agent runs it and starts it again when it ends. A relative path is one in the payload. */
    command: argv.optional(),
    /** Instead of `command`: a systemd unit of the device that runs `<appsDir>/<name>/current`, and is restarted. */
    unit: z
      .string()
      .regex(/^[A-Za-z0-9@_.:][A-Za-z0-9@_.:-]{0,200}\.service$/, "the name of a systemd service")
      .optional(),
    health: HealthCheck.default({ kind: "alive", seconds: 3 }),
    /** From SIGTERM to SIGKILL. */
    stopTimeoutSeconds: seconds(600, 10),
    /** Releases that stay on the disk beside the one that runs. */
    keepReleases: z.int().min(0).max(50).default(1),
  })
  .refine((app) => app.command === undefined || app.unit === undefined, {
    message: "an application has a command or a unit, not both",
  });
export type AppMetaData = z.infer<typeof AppMetaData>;
