import { assert, describe, it } from "@effect/vitest"
import { completed, deny, Guest, give, ids, parked, valueOf, wake } from "./guest.ts"

/** Starts a program that asks twice, answers the second call, and gives the turn after that. */
const afterSecond = async (source: string) => {
  const guest = await Guest.boot()
  assert.deepStrictEqual(ids(guest.start(source)), ["1.1", "1.2"])
  return { guest, turn: guest.answer(give("1.2", "second")) }
}

describe("races of a guest", () => {
  it("T11 the loser of a race is cancelled at the next idle point, and its late answer is ignored", async () => {
    const { guest, turn } = await afterSecond("[await Promise.race([ask(), ask()]), await ask()]")
    assert.deepStrictEqual([parked(turn).cancelled, ids(turn)], [["1.1"], ["1.3"]])
    assert.deepStrictEqual(parked(guest.answer(give("1.1", "late"))).cancelled, [])
    assert.deepStrictEqual(valueOf(guest.answer(give("1.3", "third"))), ["second", "third"])
  })

  it("T11 a run that ends with its race reports the loser in its last turn", async () => {
    const { turn } = await afterSecond("await Promise.race([ask(), ask()])")
    assert.deepStrictEqual([valueOf(turn), turn.cancelled], ["second", ["1.1"]])
  })

  it("T11 a rejection settles a race as well, but not any", async () => {
    const race = await Guest.boot()
    race.start("await Promise.race([ask(), ask()]).catch((error) => error.message)")
    const lost = race.answer(deny("1.2", "no"))
    assert.deepStrictEqual([valueOf(lost), lost.cancelled], ["no", ["1.1"]])
    const any = await Guest.boot()
    any.start("await Promise.any([ask(), ask(), ask()])")
    assert.deepStrictEqual(parked(any.answer(deny("1.2", "no"))).cancelled, [])
    const won = any.answer(give("1.3", "yes"))
    assert.deepStrictEqual([valueOf(won), won.cancelled], ["yes", ["1.1"]])
  })

  it("T11 any that only loses rejects with all errors in order", async () => {
    const guest = await Guest.boot()
    guest.start(
      "await Promise.any([ask(), ask()]).catch((all) => [all.name, all.errors.map((error) => error.message)])"
    )
    guest.answer(deny("1.2", "second"))
    assert.deepStrictEqual(valueOf(guest.answer(deny("1.1", "first"))), ["AggregateError", ["first", "second"]])
    assert.strictEqual(guest.error("await Promise.any([])").name, "AggregateError")
  })

  it("T11 a call races against a sleep, and either is cancelled through what was chained to it", async () => {
    const source = "await Promise.race([ask().then((x) => x), sleep(1_000).then(() => 'late').finally(() => {})])"
    for (const [answer, value, loser] of [
      [wake("1.2"), "late", "1.1"],
      [give("1.1", "in time"), "in time", "1.2"]
    ] as const) {
      const guest = await Guest.boot()
      assert.deepStrictEqual(parked(guest.start(source)).sleeps.length, 1)
      const turn = guest.answer(answer)
      assert.deepStrictEqual([valueOf(turn), turn.cancelled], [value, [loser]])
    }
  })

  it.each([
    ["awaits it", "const a = ask(); await Promise.race([a, ask()]); await a"],
    [
      "awaited it before",
      "const a = ask(); const b = (async () => await a)(); await Promise.race([a, ask()]); await b"
    ],
    ["has it in an all", "const a = ask(); const b = Promise.all([a]); await Promise.race([a, ask()]); (await b)[0]"],
    [
      "chained to it",
      "let seen; const a = ask(); a.then((x) => { seen = x }); await Promise.race([a, ask()]); await a"
    ],
    ["races it again", "const a = ask(); await Promise.race([a, ask()]); await Promise.race([a, sleep(9)])"],
    ["awaits what was chained", "const a = ask().then((x) => x); await Promise.race([a, ask()]); await a"]
  ])("T11 the loser of a race is not cancelled while somebody else %s", async (_, source) => {
    const { guest, turn } = await afterSecond(source)
    assert.deepStrictEqual(parked(turn).cancelled, [])
    assert.strictEqual(valueOf(guest.answer(give("1.1", "first"))), "first")
  })

  it("T11 a call that was never in a race is not cancelled, whoever waits for it", async () => {
    const { guest, turn } = await afterSecond("ask(); await Promise.race([ask(), sleep(5)])")
    assert.deepStrictEqual(parked(turn).cancelled, ["1.3"])
    assert.deepStrictEqual(completed(guest.answer(give("1.1", 0))).cancelled, [])
  })

  it("T11 the races within a race that is lost are lost", async () => {
    const guest = await Guest.boot()
    guest.start("await Promise.race([Promise.race([ask(), ask()]).then((x) => x), Promise.any([ask(), ask()]), ask()])")
    const turn = guest.answer(give("1.5", "won"))
    assert.strictEqual(valueOf(turn), "won")
    assert.deepStrictEqual(turn.cancelled.toSorted(), ["1.1", "1.2", "1.3", "1.4"])
  })

  it("T11 a race that is decided in the turn that it began in cancels nothing that anybody heard of", async () => {
    const guest = await Guest.boot()
    const turn = completed(guest.start("await Promise.race([ask(), Promise.resolve('at once')])"))
    assert.deepStrictEqual([turn.value, turn.cancelled], ['"at once"', []])
  })

  it("T11 whoever looks at a cancelled call finds a CancelledError, and whoever waits does not go on", async () => {
    const guest = await Guest.boot()
    guest.start("let a = ask(), b = a.then((x) => x); await Promise.race([b, ask()])")
    completed(guest.answer(give("1.2", 0)))
    for (const look of ["a", "b", "a.then(() => {})", "Promise.race([a])", "Promise.all([b])", "Promise.any([a])"]) {
      const error = guest.error(`await ${look}`)
      assert.strictEqual(error.name === "AggregateError" ? "CancelledError" : error.name, "CancelledError", look)
    }
    assert.strictEqual(guest.output("a.catch(() => {}); b.finally(() => {}).catch(() => {}); 0"), "")
  })

  it("T11 what a failed run left behind is cancelled for the runs after it", async () => {
    const guest = await Guest.boot()
    guest.start("let seen = []; let a = ask(); (async () => seen.push(await a))(); await sleep(1); throw 1")
    assert.deepStrictEqual(guest.answer(wake("1.2")).cancelled, ["1.1"])
    assert.strictEqual(guest.error("await a").name, "CancelledError")
    assert.deepStrictEqual(guest.value("seen"), [])
  })

  it("T11 races of plain promises and of subclasses are what they always were", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(
      guest.value(`
        class Mine extends Promise {}
        [
          await Promise.race([1, new Promise(() => {})]),
          await Promise.any([Promise.reject(1), 2]),
          Mine.race([Mine.resolve(1)]) instanceof Mine,
          await Promise.race("ab"),
          await Promise.race(7).catch((error) => error.name),
          [Promise.race.name, Promise.race.length, Promise.any.name, Promise.any.length]
        ]`),
      [1, 2, true, "a", "TypeError", ["race", 1, "any", 1]]
    )
  })

  it("T11 a thousand chained promises lose a race together", async () => {
    const { turn } = await afterSecond(
      "let a = ask(); for (let i = 0; i < 1_000; i++) a = a.then((x) => x); await Promise.race([a, ask()])"
    )
    assert.deepStrictEqual([valueOf(turn), turn.cancelled], ["second", ["1.1"]])
  })
})
