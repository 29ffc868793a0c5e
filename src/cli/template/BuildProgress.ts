/** How far the build of a template is: on a terminal one line that is drawn again and again, elsewhere a line for each step. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Built } from "../../template/Builder.ts"
import type { Progress } from "../../template/Progress.ts"
import { durationOf } from "../Duration.ts"
import { Screen } from "../Screen.ts"

const drawnEvery = "200 millis"

interface Doing {
  readonly step: string
  readonly startMillis: number
  /** What a tool said last. */
  readonly said: string
}

const cut = (line: string, columns: number): string => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`)

/** What of a step's name, of the time that it takes and of what its tool says has room in one line. */
const lineOf = (name: string, { said, startMillis, step }: Doing, nowMillis: number, columns: number): string =>
  cut(`${name}: ${step}, ${durationOf(nowMillis - startMillis)}  ${said}`.trimEnd(), columns)

/** Shows each step of a build, and gives what was built. */
export const following = <E, R>(
  name: string,
  events: Stream.Stream<Progress | Built, E, R>,
  { verbose }: { readonly verbose: boolean }
) =>
  Effect.gen(function* () {
    const { notes } = yield* Screen
    const { columns } = notes
    let doing: Doing | undefined
    const say = (line: string) => Effect.andThen(notes.redraw(""), notes.say(line))
    const draw = Effect.flatMap(Clock.currentTimeMillis, (millis) =>
      columns === undefined || doing === undefined
        ? Effect.void
        : notes.redraw(notes.paint("dim", notes.tame(lineOf(name, doing, millis, columns))))
    )
    const told = Effect.fnUntraced(function* (event: Progress | Built) {
      switch (event._tag) {
        case "Started":
          doing = { step: event.step, startMillis: yield* Clock.currentTimeMillis, said: "" }
          return columns === undefined ? yield* say(`${name}: ${event.step} is being made`) : undefined
        case "Said":
          if (doing !== undefined) doing = { ...doing, said: event.line }
          return verbose ? yield* say(notes.tame(`${name}: ${event.step}: ${event.line}`)) : undefined
        case "Made":
          doing = undefined
          return yield* say(`${name}: ${event.step} is made, ${durationOf(event.millis)}`)
        case "Reused":
          return yield* say(notes.paint("dim", `${name}: ${event.step} was made before`))
        case "Built":
          return undefined
      }
    })
    const ticks = Stream.as(Stream.tick(drawnEvery), undefined)
    const last = yield* Stream.merge(events, ticks, { haltStrategy: "left" }).pipe(
      Stream.tap((event) => (event === undefined ? draw : told(event))),
      Stream.filter((event) => event?._tag === "Built"),
      Stream.runLast,
      Effect.ensuring(notes.redraw(""))
    )
    const built = Option.getOrUndefined(last)
    // A build that does not fail ends with what was built.
    return built === undefined ? yield* Effect.die("a build has ended with nothing") : built.image
  })
