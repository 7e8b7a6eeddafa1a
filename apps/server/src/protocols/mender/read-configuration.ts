import { Configuration } from "@moult/model";
import { readBody } from "./read-body.ts";

/** The settings that a device reports, as one flat map of texts. Throws `malformed-json` or `invalid-request`. */
export const readConfiguration = (body: unknown): Configuration => readBody(body, Configuration);
