export function DeviceIdentityPage() {
  return null;
}
