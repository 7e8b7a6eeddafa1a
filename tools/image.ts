/**
 * `node tools/image.ts OPTIONS`: the disk of a device for a virtual machine, with GRUB, two slots, and the first of the rig's systems
 * in one of them (docs/guide/virtual-machine.md).
 *
 *   --provisioning FILE   from `moult device provision`, with an address by which the machine reaches its server
 *   --out FILE            the disk, made anew (moult.img)
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { present } from "@moult/base";
import { GRUB } from "./rig/boards/grub.ts";
import { buildImages } from "./rig/image/build-images.ts";
import { makeDisk } from "./rig/image/make-disk.ts";

const { values } = parseArgs({
  options: { provisioning: { type: "string" }, out: { type: "string", default: "moult.img" } },
});
const { provisioning, out } = values;
if (provisioning === undefined || !existsSync(provisioning)) {
  console.error("image: --provisioning names the file that `moult device provision` wrote");
  process.exit(1);
}
const { systems, runtimeFile } = buildImages(GRUB, () => undefined);
const [factory, ...releases] = systems;
makeDisk(
  {
    board: GRUB,
    scripts: GRUB.scripts(),
    systemFile: present(factory, "there is a first system").file,
    runtimeFile,
    provisioning: readFileSync(provisioning, "utf8"),
  },
  out,
);
console.log(`${out} is a device of type ${GRUB.hardwareType}. Turn it on:

  qemu-system-x86_64 -machine q35 -cpu max,la57=off,smap=off -m 512 -nodefaults -display none -serial stdio \\
    -drive file=${out},format=raw,if=virtio -nic user,model=virtio-net-pci

Its releases are`);
for (const { name, file, health } of releases) console.log(`  ${name} ${file} (${health})`);
