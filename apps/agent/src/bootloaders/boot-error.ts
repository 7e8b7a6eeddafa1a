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
  /** The firmware does not hold what was written. */
  | "efi-variable-not-kept"
  /** Linux guards the variable, and `chattr` could not change that. */
  | "efi-variable-guarded"
  /** The system in the slot brings no kernel for the EFI system partition. */
  | "kernel-missing"
  /** The system in the slot could not be read as a file system. */
  | "slot-not-mounted"
  /** The slot's file on the EFI system partition is smaller than the kernel. */
  | "kernel-too-large"
  /** The kernel, as it was read back, is not the one that was written. */
  | "kernel-not-kept"
  /** The slot does not hold the note of its dm-verity tree that was written to it. */
  | "verity-note-not-kept"
> {}
