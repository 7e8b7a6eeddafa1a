export function DeviceInventoryPage() {
  return null;
}
