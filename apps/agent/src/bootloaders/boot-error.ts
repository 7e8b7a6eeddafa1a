import { AppError } from "@moult/base";

/** What keeps the agent from asking its bootloader for anything. */
export class BootError extends AppError<
  /** The place that was configured does not hold what the bootloader reads. */
  | "boot-environment-missing"
  /** The kernel's command line does not say which slot runs. */
  | "booted-slot-unknown"
  /** The slot's place is in use: something is mounted from it. */
  | "slot-mounted"
  /** A slot's place is neither a block device nor a file. */
  | "slot-device-invalid"
> {}
