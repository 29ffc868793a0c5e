/** On a terminal, how far a larger transfer is: one line that is drawn again and again, and gone at the end. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { sizeOf } from "./files/Text.ts"
import { Screen } from "./Screen.ts"

/** Of less than this nothing is said. */
const bytesMin = 1_048_576

const everyMillis = 100

/** The stream, which says how far it is; `total` if that is known. */
export const following = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  what: string,
  total?: number
): Stream.Stream<Uint8Array, E, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { notes } = yield* Screen
      let bytes = 0
      let shownMillis = 0
      const of = total === undefined ? "" : ` of ${sizeOf(total)}`
      const show = Effect.flatMap(Clock.currentTimeMillis, (millis) => {
        if (bytes < bytesMin || millis - shownMillis < everyMillis) return Effect.void
        shownMillis = millis
        return notes.redraw(notes.paint("dim", `${what}: ${sizeOf(bytes)}${of}`))
      })
      return stream.pipe(
        Stream.tap((piece) => {
          bytes += piece.length
          return show
        }),
        Stream.ensuring(Effect.suspend(() => (shownMillis === 0 ? Effect.void : notes.redraw(""))))
      )
    })
  )
