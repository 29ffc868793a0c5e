/** What tokens and the audit log cost. */
import { randomBytes } from "node:crypto"
import { mkdtempSync } from "node:fs"
import { join } from "node:path"
import { AuditKeyFile, AuditLog, AuditQuery, AuditVerify, KeyRing, Token } from "caisson"
import { Effect, Redacted, Result, Stream } from "effect"
import * as Measure from "./Measure.ts"

export interface Figure {
  readonly figure: string
  readonly ours: string
  readonly goal: string
}

const ring = Result.getOrThrow(
  KeyRing.parse("bench", Redacted.make(`k1:${randomBytes(KeyRing.secretBytes).toString("base64url")}`))
)

const roundTrip = () => {
  const grant = { capabilities: [{ methods: "bank/**", where: { amount: { le: 500 } } }], use: "session" } as const
  const minted = Result.getOrThrow(Token.mint(ring, grant)).text
  const narrowed = Result.getOrThrow(Token.attenuate(minted, { capabilities: [{ methods: "bank/pay" }] })).text
  const shortened = Result.getOrThrow(Token.attenuate(narrowed, { expiresMillis: Date.now() + 60_000 })).text
  const circumstances = { use: "session", nowMillis: Date.now(), isRevoked: () => false } as const
  return Result.getOrThrow(Token.verify(ring, shortened, circumstances))
}

export const tokens = async (): Promise<ReadonlyArray<Figure>> => {
  const { median } = await Measure.alone(20_000, async () => void roundTrip())
  return [
    {
      figure: "token: mint, narrow twice, verify; p50 after 2,000 others",
      ours: `${median.toFixed(3)} ms`,
      goal: "< 0.2 ms"
    }
  ]
}

const events = 1_000_000
const atOnce = 256

const eventOf = (index: number) =>
  ({
    type: "call.decided",
    session: `s-${index % 5_000}`,
    run: `r-${Math.floor(index / 20)}`,
    data: { call: `1.${index}`, method: "bank/pay", effect: "allow", input: { amount: index } }
  }) as const

const seconds = (millis: number) => `${(millis / 1_000).toFixed(1)} s`

const fill = (directory: string, keys: Effect.Success<ReturnType<typeof AuditKeyFile.loadOrCreate>>) =>
  Effect.gen(function* () {
    const log = yield* AuditLog.AuditLog
    for (let index = 0; index < events; index += atOnce) {
      const count = Math.min(atOnce, events - index)
      yield* log.appendAll(Array.from({ length: count }, (_, offset) => eventOf(index + offset)))
    }
  }).pipe(Effect.provide(AuditLog.layer({ directory, keys })))

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = performance.now()
    const value = yield* effect
    return { value, millis: performance.now() - start }
  })

/** A log of a million events: written, verified, and searched. */
export const audit = (root: string): Promise<ReadonlyArray<Figure>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const home = mkdtempSync(join(root, "audit-"))
      const directory = join(home, "audit")
      const keys = yield* AuditKeyFile.loadOrCreate(join(home, "audit.keys"))
      const written = yield* timed(fill(directory, keys))
      const verified = yield* timed(AuditVerify.verify({ directory, keys: [keys.signing, ...keys.verification] }))
      const search = Stream.runCollect(AuditQuery.lines(directory, { run: "r-12345" }))
      const indexed = yield* timed(search)
      const found = yield* timed(search)
      return [
        {
          figure: "audit: append one of a million events",
          ours: `${((written.millis * 1_000) / events).toFixed(1)} us`,
          goal: "<= 15 us"
        },
        { figure: "audit: verify a million events", ours: seconds(verified.millis), goal: "seconds" },
        { figure: "audit: index a million events, once", ours: seconds(indexed.millis), goal: "-" },
        {
          figure: `audit: find the ${found.value.length} events of one run among a million`,
          ours: `${found.millis.toFixed(1)} ms`,
          goal: "< 100 ms"
        }
      ]
    })
  )
