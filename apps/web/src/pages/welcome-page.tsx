import { BarePage } from "../frame/bare-page.tsx";

export function WelcomePage() {
  return <BarePage title="Welcome">…</BarePage>;
}
