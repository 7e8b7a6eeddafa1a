import { ButtonLink } from "../ui/button.tsx";
import { BarePage } from "./bare-page.tsx";

export function LostPage() {
  return (
    <BarePage title="There is no such page">
      <p className="mb-4 text-soft">
        The address may be of another version, or what it showed is gone.
      </p>
      <ButtonLink kind="primary" to="/">
        To the overview
      </ButtonLink>
    </BarePage>
  );
}
