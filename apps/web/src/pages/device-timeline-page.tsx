export function DeviceTimelinePage() {
  return null;
}
