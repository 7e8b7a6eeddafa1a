import { AppError } from "@moult/base";

/** `key-unusable`: the key file is there but is not an Ed25519 key; a new one is never made over it. */
export class SignerError extends AppError<"key-unusable" | "arguments-invalid"> {}
