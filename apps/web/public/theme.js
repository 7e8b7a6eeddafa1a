// Before the first paint, so that a dark page never flashes white. Changed in src/ui/theme.ts.
let chosen = null;
try {
  chosen = localStorage.getItem("moult.theme");
} catch {
  // Without storage the system's own theme holds.
}
const isDark =
  chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.theme = isDark ? "dark" : "light";
