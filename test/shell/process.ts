/**
 * A process that runs a shell script in a session of its own until it is paused, says the id of the call that it waits for on
 * stdout, and then does nothing until it is killed.
 *
 * Arguments: the file of the journal, the session's id, the script.
 */
import { writeSync } from "node:fs"
import { Effect, Layer } from "effect"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import { onlyCall } from "../session/results.ts"
import { asking, shell, tier, toolkit } from "./world.ts"

const [filename = "", id = "", script = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const sessions = yield* Sessions
  const session = yield* sessions.open({ id, toolkit: yield* toolkit([]), capabilities: asking })
  const call = onlyCall(yield* shell(session, script))
  writeSync(1, `${call}\n`)
  return yield* Effect.never
})

const journal = JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename })))
const layer = Sessions.layer().pipe(Layer.provide(Layer.merge(journal, tier)))

await Effect.runPromise(Effect.scoped(Effect.provide(program, layer)))
