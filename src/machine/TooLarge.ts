import type { GuestError } from "../tool/GuestError.ts"
import type { Answer } from "./Turn.ts"

/** What a guest is told of a text that is longer than it may be. */
export const tooLarge = (what: string, bytes: number, allowedBytes: number): GuestError => ({
  name: "RangeError",
  message: `the ${what} has ${bytes} bytes, ${allowedBytes} are allowed`,
  reason: "TooLarge"
})

/** The answer, or a rejection in its place if its value has more than `resultBytes` bytes. */
export const bounded = (answer: Answer, resultBytes: number): Answer => {
  const { outcome } = answer
  // A UTF-16 unit has at most three bytes in UTF-8.
  if (outcome?._tag !== "Succeeded" || 3 * outcome.value.length <= resultBytes) return answer
  const bytes = Buffer.byteLength(outcome.value)
  if (bytes <= resultBytes) return answer
  return { id: answer.id, outcome: { _tag: "Rejected", error: tooLarge("result", bytes, resultBytes) } }
}
