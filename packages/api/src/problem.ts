import * as z from "zod";

/** Problem details (RFC 9457), the body of every answer that is not a success. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** One of `ERROR_CODES`; programs decide by it. */
  code: z.string(),
  /** What was wrong in this case, and what to do. */
  detail: z.string().optional(),
  /** Finds the request in the server's log. */
  requestId: z.string(),
  /** For `invalid-request`: where in the request, and what. */
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
