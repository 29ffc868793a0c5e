import * as Effect from "effect/Effect"
import { Screen } from "./Screen.ts"

/** Writes bytes of a guest's to standard output and waits until they are gone. A terminal gets them as text that cannot act. */
export const write = (piece: Uint8Array): Effect.Effect<void> =>
  process.stdout.isTTY
    ? Effect.flatMap(Screen, ({ out }) => out.show(Buffer.from(piece).toString("utf8")))
    : Effect.callback((resume) => {
        // A reader that went away is none of the command's problems: see `main`.
        process.stdout.write(piece, () => resume(Effect.void))
      })
