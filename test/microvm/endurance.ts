/**
 * `npm run endurance`: sessions that are put away and come back, and machines that come and go, as often as is asked: the first argument is the number
 * of the former, the second that of the latter. Fails where anything is not as it was, or is left.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect } from "effect"
import * as Measure from "../bench/Measure.ts"
import { hibernations, lives } from "./cycles.ts"
import { lacking } from "./machines.ts"
import { grounds, template } from "./sessions.ts"

const [rounds = 50, count = 200] = process.argv.slice(2).map(Number)

const told = (what: string, times: ReadonlyArray<number>) => {
  const { median, p90 } = Measure.of(times)
  const megabytes = Math.round(process.memoryUsage().rss / 1e6)
  return Console.log(
    `${what}: ${times.length}, ms: median ${median.toFixed(0)}, p90 ${p90.toFixed(0)}; ${megabytes} MB`
  )
}

const program = Effect.gen(function* () {
  const why = yield* Effect.promise(() => lacking(template))
  if (why !== undefined) return yield* Console.log(`nothing is tried: ${why}`)
  yield* Effect.gen(function* () {
    yield* told("machines that came and went", yield* lives(count))
    yield* told("sessions that came back and ran", yield* hibernations(rounds))
  }).pipe(Effect.provide(grounds))
})

NodeRuntime.runMain(program)
