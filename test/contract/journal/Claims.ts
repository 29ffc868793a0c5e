import { assert } from "@effect/vitest"
import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import { Fenced, Journal, SessionBusy } from "../../../src/session/journal/Journal.ts"
import {
  ann,
  append,
  batchFrom,
  create,
  type It,
  leaseMillis,
  newName,
  now,
  owner,
  read,
  refused,
  started
} from "./Steps.ts"

const claim = (session: string, by = owner("bob")) => Journal.use((journal) => journal.claim(session, by, leaseMillis))

/** J3: who may write, and who may no longer. */
export const claims = (it: It) => {
  it.effect("J3 a holder whose session was taken over writes nothing more", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const old = yield* create(session)
      yield* TestClock.adjust(leaseMillis)
      const fresh = yield* claim(session)
      assert.deepStrictEqual(fresh, { session, epoch: 2 })
      const fenced = new Fenced({ session, epoch: 1 })
      assert.deepStrictEqual(yield* refused(session, append(old, 2, started("1.1"))), fenced)
      assert.deepStrictEqual(yield* refused(session, append(old, 99, started("1.1"))), fenced)
      assert.deepStrictEqual(yield* refused(session, journal.append(old, batchFrom(2))), fenced)
      assert.deepStrictEqual(yield* refused(session, journal.prune(old, [])), fenced)
      yield* append(fresh, 2, started("1.1"))
      assert.lengthOf(yield* read(session), 2)
    })
  )

  it.effect("J3 nobody writes with an epoch that was never given", () =>
    Effect.gen(function* () {
      const session = newName()
      yield* create(session)
      for (const epoch of [0, 2, -1]) {
        const reason = yield* refused(session, append({ session, epoch }, 2, started("1.1")))
        assert.deepStrictEqual(reason, new Fenced({ session, epoch }))
      }
    })
  )

  it.effect("a held session is busy for everybody, its holder included, until its lease ends", () =>
    Effect.gen(function* () {
      const session = newName()
      const holder = owner(`holder of ${session}`)
      yield* create(session, { holder })
      const leaseUntilMillis = (yield* now) + leaseMillis
      const busy = new SessionBusy({ session, owner: holder.name, leaseUntilMillis })
      assert.deepStrictEqual(yield* refused(session, claim(session)), busy)
      assert.deepStrictEqual(yield* refused(session, claim(session, holder)), busy)
      yield* TestClock.adjust(leaseMillis - 1)
      assert.deepStrictEqual(yield* refused(session, claim(session)), busy)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* claim(session), { session, epoch: 2 })
    })
  )

  it.effect("an owner may claim again what it held when its lease ended, and its old claim is void", () =>
    Effect.gen(function* () {
      const session = newName()
      const holder = owner(`holder of ${session}`)
      const old = yield* create(session, { holder })
      yield* TestClock.adjust(leaseMillis)
      assert.deepStrictEqual(yield* claim(session, holder), { session, epoch: 2 })
      assert.strictEqual((yield* refused(session, append(old, 2, started("1.1"))))._tag, "Fenced")
      assert.strictEqual((yield* refused(session, claim(session)))._tag, "SessionBusy")
    })
  )

  it.effect("a holder whose lease has ended may write until somebody else claims", () =>
    Effect.gen(function* () {
      const session = newName()
      const held = yield* create(session)
      yield* TestClock.adjust(10 * leaseMillis)
      yield* append(held, 2, started("1.1"))
      assert.lengthOf(yield* read(session), 2)
    })
  )

  it.effect("renewing extends the leases of all sessions of an owner, and of nobody else", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const [first, second, others] = [newName(), newName(), newName()]
      const holder = owner(`holder of ${first}`)
      yield* create(first, { holder })
      yield* create(second, { holder })
      yield* create(others, { holder: owner(`holder of ${others}`) })
      yield* TestClock.adjust(leaseMillis / 2)
      yield* journal.renew(holder, leaseMillis)
      yield* TestClock.adjust(leaseMillis / 2)
      assert.strictEqual((yield* refused(first, claim(first)))._tag, "SessionBusy")
      assert.strictEqual((yield* refused(second, claim(second)))._tag, "SessionBusy")
      assert.strictEqual((yield* claim(others)).epoch, 2)
      yield* TestClock.adjust(leaseMillis / 2)
      assert.strictEqual((yield* claim(first)).epoch, 2)
    })
  )

  it.effect("renewing never shortens a lease, and gives back nothing that was lost", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const holder = owner(`holder of ${session}`)
      yield* create(session, { holder })
      yield* journal.renew(holder, 1)
      yield* TestClock.adjust(leaseMillis - 1)
      assert.strictEqual((yield* refused(session, claim(session)))._tag, "SessionBusy")
      yield* TestClock.adjust(1)
      const fresh = yield* claim(session)
      yield* journal.renew(holder, leaseMillis)
      yield* journal.renew(owner("nobody"), leaseMillis)
      yield* append(fresh, 2, started("1.1"))
      assert.strictEqual((yield* journal.summary(session)).epoch, 2)
    })
  )

  it.effect("the lease of a dead owner is passed over", () =>
    Effect.gen(function* () {
      const session = newName()
      const holder = owner(`holder of ${session}`)
      const old = yield* create(session, { holder })
      assert.strictEqual((yield* refused(session, claim(session, owner("bob", "somebody else"))))._tag, "SessionBusy")
      assert.deepStrictEqual(yield* claim(session, owner("bob", holder.name)), { session, epoch: 2 })
      assert.strictEqual((yield* refused(session, append(old, 2, started("1.1"))))._tag, "Fenced")
    })
  )

  it.effect("a claim that was given back is free for others and writes nothing more", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const first = yield* create(session)
      yield* journal.release(first)
      assert.strictEqual((yield* refused(session, append(first, 2, started("1.1"))))._tag, "Fenced")
      const second = yield* claim(session)
      assert.strictEqual(second.epoch, 2)
      yield* journal.release(first)
      yield* append(second, 2, started("1.1"))
      yield* journal.release(second)
      yield* journal.release(second)
      yield* journal.release({ session: newName(), epoch: 1 })
      assert.strictEqual((yield* claim(session)).epoch, 3)
    })
  )

  it.effect("of many who claim at the same time one succeeds", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      yield* journal.release(yield* create(session, { holder: ann }))
      const claimants = Array.from({ length: 20 }, (_, index) => claim(session, owner(`claimant ${index}`)))
      const results = yield* Effect.all(claimants.map(Effect.result), { concurrency: "unbounded" })
      assert.lengthOf(results.filter(Result.isSuccess), 1)
      const reasons = results.flatMap((result) => (Result.isFailure(result) ? [result.failure.reason._tag] : []))
      assert.deepStrictEqual([...new Set(reasons)], ["SessionBusy"])
    })
  )
}
