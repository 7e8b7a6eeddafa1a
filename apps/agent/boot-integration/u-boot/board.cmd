# An example for `qemu-system-aarch64 -M virt -device nvme`. Put a board's own values here; then
#   cat board.cmd moult.cmd >boot.cmd && mkimage -T script -d boot.cmd boot.scr

setenv moult_if nvme
setenv moult_dev 0
setenv moult_env_part 2
setenv moult_part_a 3
setenv moult_part_b 4
setenv moult_root_a /dev/nvme0n1p3
setenv moult_root_b /dev/nvme0n1p4
setenv moult_args rootfstype=ext4 ro rootwait console=ttyAMA0 quiet panic=1 init=/init
setenv moult_boot booti
setenv moult_fdt ${fdt_addr}
