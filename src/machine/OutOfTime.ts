import type { GuestError } from "../tool/GuestError.ts"

/** What a run ends with that took longer than it may. */
export const outOfTime: GuestError = {
  name: "LimitError",
  message: "the run took longer than its wall time allows",
  reason: "WallLimit"
}
