export function DeviceNowPage() {
  return null;
}
