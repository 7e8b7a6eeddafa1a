import type { Board } from "../machine/board.ts";
import { GRUB } from "./grub.ts";
import { GRUB_UEFI } from "./grub-uefi.ts";
import { SYSTEMD_BOOT } from "./systemd-boot.ts";
import { U_BOOT } from "./u-boot.ts";

/** Every board that the rig can cut the power of, by the name that chooses it. */
export const BOARDS: Readonly<Record<string, Board>> = Object.fromEntries(
  [GRUB, GRUB_UEFI, SYSTEMD_BOOT, U_BOOT].map((board) => [board.name, board]),
);
