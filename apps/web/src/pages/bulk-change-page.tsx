export function BulkChangePage() {
  return null;
}
