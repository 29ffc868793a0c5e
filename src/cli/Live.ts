import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Output } from "../machine/Turn.ts"
import type { RunResult } from "../session/RunResult.ts"
import type { Session } from "../session/Session.ts"
import { Screen } from "./Screen.ts"

type Texts = Record<Output["stream"], string>

/** What the run in progress had written before: it was shown then. */
const alreadyShown = (session: Session): Texts & { readonly run: string | undefined } => {
  const { current } = session.state()
  const texts = { stdout: "", stderr: "" }
  for (const { stream, text } of current?.output ?? []) texts[stream] += text
  return { run: current?.id, ...texts }
}

/**
 * Carries out an operation of a session and shows console output as it comes: stdout on stdout, stderr on stderr.
 *
 * What the live stream left out (it drops the oldest when it is not read fast enough), or what was written before this process
 * followed it, is shown at the end, so that everything has been shown once the operation is done.
 */
export const live = Effect.fnUntraced(function* <E, R>(session: Session, operation: Effect.Effect<RunResult, E, R>) {
  const { notes, out } = yield* Screen
  const sides = { stdout: out, stderr: notes }
  const before = alreadyShown(session)
  const shown: Texts = { stdout: "", stderr: "" }
  const following = yield* session.output.pipe(
    Stream.runForEach(({ stream, text }) => {
      shown[stream] += text
      return sides[stream].show(text)
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  const result = yield* operation
  yield* Fiber.interrupt(following)
  for (const stream of ["stdout", "stderr"] as const) {
    const written = result.run === before.run ? result[stream].slice(before[stream].length) : result[stream]
    if (written.startsWith(shown[stream])) yield* sides[stream].show(written.slice(shown[stream].length))
    else {
      yield* notes.say(`caisson: some of ${stream} was not shown live; here is all of it`)
      yield* sides[stream].show(written)
    }
  }
  return result
}, Effect.scoped)
