// In Debian's kernels for virtual machines EXT4 is built in; what a virtual machine has, and its watchdog, are modules. Each list
// is in the order in which they need each other.

export const VIRTIO_MODULES: readonly string[] = [
  "drivers/virtio/virtio_ring.ko",
  "drivers/virtio/virtio.ko",
  "drivers/virtio/virtio_pci_legacy_dev.ko",
  "drivers/virtio/virtio_pci_modern_dev.ko",
  "drivers/virtio/virtio_pci.ko",
  "drivers/block/virtio_blk.ko",
  "net/core/failover.ko",
  "drivers/net/net_failover.ko",
  "drivers/net/virtio_net.ko",
];

export const WATCHDOG_MODULES: readonly string[] = [
  "drivers/watchdog/watchdog.ko",
  "drivers/watchdog/softdog.ko",
];
