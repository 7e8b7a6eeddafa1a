export function AttemptLogPage() {
  return null;
}
