/**
 * A process that holds a session, makes it ask, and waits for an answer that others record. Says on its last line what came out.
 *
 * Arguments: directory, and where to die by SIGKILL: `nowhere`, or `before` or `after` the approval is written to the journal.
 */
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Capability } from "../../src/capability/Capability.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"

const [directory = "", death = "nowhere"] = process.argv.slice(2)

const mortal = (journal: Journal["Service"]): Journal["Service"] => ({
  ...journal,
  append: (claim, batch) =>
    Effect.suspend(() => {
      const isApproval = batch.entries.some(({ event }) => event._tag === "CallApproved")
      const dies = (moment: string) => {
        if (isApproval && death === moment) process.kill(process.pid, "SIGKILL")
      }
      dies("before")
      return Effect.tap(journal.append(claim, batch), () => Effect.sync(() => dies("after")))
    })
})

const refund = Tool.make("bank.refund", {
  description: "Refunds an amount",
  input: Schema.Struct({ amount: Schema.Finite }),
  output: Schema.String,
  execute: ({ amount }) =>
    Effect.sync(() => {
      appendFileSync(join(directory, "effects.log"), `refund ${amount}\n`)
      return `refunded ${amount}`
    })
})

const work = Effect.gen(function* () {
  const sessions = yield* Sessions
  const toolkit = yield* Toolkit.make([refund])
  const capabilities = [Capability.make({ methods: "bank/refund", mode: "ask", approvers: ["ann"] })]
  const grants = { toolkit, capabilities }
  const exists = (yield* sessions.list({ limit: 1 })).length > 0
  const session = yield* exists ? sessions.resume("main", grants) : sessions.open({ ...grants, id: "main" })
  return yield* session.run("await bank.refund({ amount: 50 })", { runId: "only", answerPatience: "1 minute" })
}).pipe(Effect.scoped)

const journal = Layer.effect(Journal, Effect.map(Journal, mortal)).pipe(
  Layer.provide(JournalSql.layer),
  Layer.provide(Sqlite.layer({ filename: join(directory, "journal.sqlite") }))
)
const machines = QuickJs.layer({ key: new Uint8Array(32).fill(7), threads: 1 })
const layer = Sessions.layer().pipe(Layer.provide(Layer.merge(journal, machines)))

const result = await Effect.runPromise(Effect.provide(work, layer))
console.log(JSON.stringify(result._tag === "Completed" ? JSON.parse(result.value) : result))
